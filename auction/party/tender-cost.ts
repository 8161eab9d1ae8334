/**
 * What a tender costs the three operators together, in dollars, and what a party costs while nothing happens: request
 * units (`tender-units.ts`), requests, invocations and seconds, times the price table of this project (mpc/prices.ts).
 *
 * Units follow from the items; how long functions run, how far apart the three parties start and how often a message is
 * looked for before it is there are estimates, each named below with its reason and on the high side. Not in it: free tiers, data sent to the internet, the ingestion of logs (some 200 bytes a request), and storage beyond a month.
 */

import {
  API_PRICES,
  CLOUDWATCH_PRICES,
  DYNAMODB_PRICES,
  EVENT_PRICES,
  KMS_PRICES,
  LAMBDA_PRICES,
  PRICED_EVENT_BYTES,
  SCHEDULER_PRICES,
  SECRET_PRICES,
  TRACE_PRICES,
} from '../../mpc/prices.ts';
import { THREE_PARTY_MANIFESTS } from '../../mpc/protocols/three-party.ts';
import { type TellingUnits, type Told, tellingUnits } from './telling-units.ts';
import { type TenderShape, type TenderUnits, tenderUnits } from './tender-units.ts';

/** Memory of the functions, as the infrastructure deploys them. */
export const FUNCTION_MEMORY_MB = {
  clearing: 1_769,
  intake: 1_024,
  http: 512,
  sweep: 256,
  watch: 256,
} as const;

/** What each party has that costs money by the month; a test compares with the synthesised stacks. */
export const STANDING_RESOURCES = { keys: 2, secrets: 1, alarms: 10, dashboards: 1 } as const;

const PARTY_COUNT = 3;

/** A put and a strongly consistent poll take 12 to 30 ms in a region. */
const ROUND_MS = 30;
/** At 2, 3, 4.5, 6.8 ms and on, a message that takes a round is looked for so often before it is there. */
const EARLY_POLLS = 4;
/** All sweeps start clearings at the deadline, within a cold start of each other; an order reaches the parties in turn. */
const START_SPREAD_SECONDS = 5;
/** A sweep that finds a deadline before the next one waits for it: half a minute in the mean. */
const SWEEP_WAIT_SECONDS = 33;
/** Opening an envelope, checking a signature: for each bid, twice, on one core. */
const BID_OPENING_MS = 2;
/** While it computes, a party looks for later attempts (three reads, four times a second) and for outcomes (two a second). */
const WATCH_READS_A_SECOND = 3 * 4 + 2;
/** A warm function: four requests to a table one after the other, and a signature or two. */
const INTAKE_MS = 60;
const HTTP_MS = 30;
/** Loading a bundle, reading the secret, the first connection; billed. */
const COLD_START_MS = 700;
/** Environments that one tender finds cold: publish, show, submit, close, clear, show the outcome. */
const COLD_STARTS = 6;
const SWEEP_MS = 60;
const SWEEPS_A_MONTH = 60 * 24 * 30;
/** The look at the outboxes every five minutes: three reads beside each other, between one and a write of the state. */
const WATCHES_A_MONTH = 12 * 24 * 30;
const WATCH_MS = 100;
const WATCH_UNITS = { writes: 1, reads: 4 } as const;
/** State, own outbox and the peers': after five minutes each table's key is asked for again. */
const KEY_REQUESTS_A_WATCH = 4;
/** A client reads the tender from one party before it bids, and the outcome from all three once it is there. */
const TENDER_READS_A_BID = 1;
/**
 * Of a run, for its turn at the tender: finding that it is due, a slot and a lease, taken and given back, and after it twice
 * more whether something else is due. A test counts them.
 */
export const TURN_UNITS = { writes: 4, reads: 13 } as const;
/**
 * The sweep that waits for the deadline and starts the run, one that comes meanwhile and whose run finds the tender taken,
 * and one that finds it settled and takes it off the list. Each reads the tender and its state, the first of them the state twice,
 * and the lease or the outcome with two signatures.
 */
const SWEEP_UNITS = { writes: 2 + 1, reads: 4 + 3 + 7 + 5 } as const;
/** Of clear-tender, each more than a second from the one before, so that each is sampled. */
const RUNS = 2;
const START_UNITS = {
  writes: TURN_UNITS.writes + SWEEP_UNITS.writes,
  reads: TURN_UNITS.reads + SWEEP_UNITS.reads,
};
/** A connection asks for a table's key once in five minutes of use: at worst for each bid, and for both keys at clearing. */
const KEY_REQUESTS_OF_CLEARING = 4;

/** Of telling: the requests to the state table, one after the other. */
const TELLING_MS = 5 * 15;
/** Loading the client and the first connection. */
const BUS_MS = 150;
/** A name looked up, a TLS handshake, and a receiver that takes the event and works on it later. */
const WEBHOOK_MS = 500;

const MILLISECONDS = 1_000;
const MEGABYTES_A_GIGABYTE = 1_024;

export interface CostLine {
  readonly what: 'writes' | 'reads' | 'api' | 'invocations' | 'compute' | 'keys' | 'traces' | 'events';
  /** Of all three parties: units, requests, invocations, GB-seconds, requests to KMS, traces, events on buses. */
  readonly amount: number;
  readonly dollars: number;
}

export interface TenderCost {
  readonly shape: TenderShape;
  readonly units: TenderUnits;
  readonly telling: TellingUnits;
  /** Of all three parties together. */
  readonly lines: readonly CostLine[];
  readonly dollars: number;
  /** Of one party's clearing, waiting for its peers included. */
  readonly clearingSeconds: number;
}

const NOBODY: Told = { bus: false, webhooks: 0 };

/**
 * @param told whom each party tells of the outcome
 * @throws MpcError PLAN_OVER_BOUND
 */
export function tenderCost(shape: TenderShape, told: Told = NOBODY): TenderCost {
  const units = tenderUnits(shape);
  const telling = tellingUnits(shape, told);
  const { bids } = shape;
  const computingMs = (units.ands * THREE_PARTY_MANIFESTS[shape.protocol].computeNsPerAnd) / 1e6;
  // Closing and signing are four rounds of their own; hello and measuring are three.
  const workingSeconds =
    ((units.rounds + 4 + 3) * ROUND_MS + computingMs + 2 * bids * BID_OPENING_MS) / MILLISECONDS;
  const clearingSeconds = START_SPREAD_SECONDS + workingSeconds;
  const outcomeReads = bids;
  const tenderReads = Math.ceil((bids * TENDER_READS_A_BID) / PARTY_COUNT);

  const stages = [units.publishing, units.intake, units.closing, units.computing, units.signing];
  const writes = stages.reduce((sum, stage) => sum + stage.writes, 0) + START_UNITS.writes + telling.writes;
  const reads =
    stages.reduce((sum, stage) => sum + stage.reads, 0) +
    outcomeReads * units.showing.reads +
    tenderReads * 2 +
    START_UNITS.reads +
    telling.reads +
    COLD_STARTS +
    units.messagesAwaited * EARLY_POLLS +
    START_SPREAD_SECONDS * POLLS_A_SECOND_WHILE_WAITING +
    Math.ceil(workingSeconds * WATCH_READS_A_SECOND);
  const apiRequests = 2 + bids + outcomeReads + tenderReads;
  const gigabyteSeconds =
    (clearingSeconds + tellingSeconds(told)) * gigabytes('clearing') +
    SWEEP_WAIT_SECONDS * gigabytes('sweep') +
    ((bids * INTAKE_MS) / MILLISECONDS) * gigabytes('intake') +
    (((2 + outcomeReads + tenderReads) * HTTP_MS) / MILLISECONDS) * gigabytes('http') +
    ((COLD_STARTS * COLD_START_MS) / MILLISECONDS) * gigabytes('intake');
  const invocations = apiRequests + RUNS;
  const keyRequests = bids + KEY_REQUESTS_OF_CLEARING;
  const lines: readonly CostLine[] = [
    line('writes', writes, DYNAMODB_PRICES.writeRequestUnit),
    line('reads', reads, DYNAMODB_PRICES.readRequestUnit),
    line('api', apiRequests, API_PRICES.request),
    line('invocations', invocations, LAMBDA_PRICES.request),
    line('compute', gigabyteSeconds, LAMBDA_PRICES.gigabyteSecond),
    line('keys', keyRequests, KMS_PRICES.request),
    line('traces', RUNS, TRACE_PRICES.recorded),
    ...(told.bus
      ? [line('events', Math.ceil(telling.eventBytes / PRICED_EVENT_BYTES), EVENT_PRICES.event)]
      : []),
  ];
  const dollars = lines.reduce((sum, one) => sum + one.dollars, 0);
  return { shape, units, telling, lines, dollars, clearingSeconds };
}

/** All at once, whoever is told. */
function tellingSeconds({ bus, webhooks }: Told): number {
  if (!bus && webhooks === 0) return 0;
  return (TELLING_MS + Math.max(bus ? BUS_MS : 0, webhooks > 0 ? WEBHOOK_MS : 0)) / MILLISECONDS;
}

/** The longest pause between two polls is 50 ms; a poll itself takes some 5. */
const POLLS_A_SECOND_WHILE_WAITING = 2 * 18;

/** Of one party's amount and the price of one, for all three. */
function line(what: CostLine['what'], ofOneParty: number, price: number): CostLine {
  const amount = PARTY_COUNT * ofOneParty;
  return { what, amount, dollars: amount * price };
}

function gigabytes(kind: keyof typeof FUNCTION_MEMORY_MB): number {
  return FUNCTION_MEMORY_MB[kind] / MEGABYTES_A_GIGABYTE;
}

/** Of one party, by the month, without a single tender. */
export interface IdleCost {
  readonly keys: number;
  readonly secrets: number;
  readonly alarms: number;
  readonly dashboards: number;
  /** What runs: looking once a minute for tenders that are due. */
  readonly sweep: number;
  /** And every five minutes for outboxes that do not answer. */
  readonly watch: number;
  /** Whatever is kept: a sweep reads what is due and nothing else. */
  readonly total: number;
}

export function idleCost(): IdleCost {
  const keys = STANDING_RESOURCES.keys * KMS_PRICES.keyMonth;
  const secrets = STANDING_RESOURCES.secrets * SECRET_PRICES.secretMonth;
  const alarms = STANDING_RESOURCES.alarms * CLOUDWATCH_PRICES.alarmMonth;
  const dashboards = STANDING_RESOURCES.dashboards * CLOUDWATCH_PRICES.dashboardMonth;
  const oneSweep =
    SCHEDULER_PRICES.invocation +
    LAMBDA_PRICES.request +
    (SWEEP_MS / MILLISECONDS) * gigabytes('sweep') * LAMBDA_PRICES.gigabyteSecond +
    DYNAMODB_PRICES.readRequestUnit;
  const sweep = SWEEPS_A_MONTH * oneSweep + KEY_REQUESTS_A_MONTH * KMS_PRICES.request;
  // Environments are mostly gone after five minutes, so each look is taken for a cold start.
  const oneWatch =
    SCHEDULER_PRICES.invocation +
    LAMBDA_PRICES.request +
    ((COLD_START_MS + WATCH_MS) / MILLISECONDS) * gigabytes('watch') * LAMBDA_PRICES.gigabyteSecond +
    WATCH_UNITS.reads * DYNAMODB_PRICES.readRequestUnit +
    WATCH_UNITS.writes * DYNAMODB_PRICES.writeRequestUnit +
    KEY_REQUESTS_A_WATCH * KMS_PRICES.request;
  const watch = WATCHES_A_MONTH * oneWatch;
  return {
    keys,
    secrets,
    alarms,
    dashboards,
    sweep,
    watch,
    total: keys + secrets + alarms + dashboards + sweep + watch,
  };
}

/** The sweep's connection asks for the state table's key every five minutes. */
const KEY_REQUESTS_A_MONTH = SWEEPS_A_MONTH / 5;
