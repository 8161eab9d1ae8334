/**
 * Metrics as lines of CloudWatch's embedded metric format, by Powertools. The dimension `service` tells two parties of one
 * account apart: a deployment sets POWERTOOLS_SERVICE_NAME to the name of its stack. POWERTOOLS_METRICS_DISABLED=true
 * turns them off.
 */

import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { ALARM_METRICS, METRICS, type Meter, type MetricName } from './meter.ts';

export const METRIC_NAMESPACE = 'Tacit';

/** Of every metric. */
export const SERVICE_DIMENSION = 'service';

export const SERVICE_VARIABLE = 'POWERTOOLS_SERVICE_NAME';

/** Without a deployment's name. */
const DEFAULT_SERVICE = 'tacit';

/** Made anew for each function, when its environment starts. @param detailed all metrics, not those of alarms alone */
export function embeddedMetrics(detailed: boolean): Meter {
  const serviceName = process.env[SERVICE_VARIABLE] ?? DEFAULT_SERVICE;
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName });
  const emitted: ReadonlySet<MetricName> = new Set(
    detailed ? Object.keys(METRICS).filter(isMetric) : ALARM_METRICS,
  );
  const add = (target: Metrics, name: MetricName, value: number) => {
    if (emitted.has(name)) target.addMetric(name, MetricUnit[METRICS[name]], value);
  };
  return {
    count: (name, value) => add(metrics, name, value),
    countByCode: (name, value, code) => {
      add(metrics, name, value);
      if (!detailed) return;
      const single = metrics.singleMetric();
      single.addDimension('code', code);
      add(single, name, value);
    },
    flush: () => {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}

function isMetric(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}
