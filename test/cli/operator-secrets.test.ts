/** Keys that never touch a disk: made in, and read from, a server that speaks Secrets Manager's API. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';
import { readBody } from '../../local/read-body.ts';
import { type Ran, tacit } from './run.ts';

const ARN = (name: string) => `arn:aws:secretsmanager:eu-west-1:111111111110:secret:${name}-AbCdEf`;

let directory: string;
let server: Server;
let secrets: Map<string, string>;
let targets: string[];
let regions: Set<string>;
/** What every request is refused with. */
let refusal: string | undefined;

function answered(target: string, body: Record<string, string>): { status: number; body: object } {
  const refused = (type: string) => ({ status: 400, body: { __type: type, message: 'no' } });
  if (refusal !== undefined) return refused(refusal);
  const name = body['Name'] ?? body['SecretId'] ?? '';
  if (target === 'secretsmanager.CreateSecret') {
    if (secrets.has(name)) return refused('ResourceExistsException');
    secrets.set(name, body['SecretString'] ?? '');
    return { status: 200, body: { ARN: ARN(name), Name: name } };
  }
  const [found] = [...secrets].filter(([known]) => known === name || ARN(known) === name);
  if (found === undefined) return refused('ResourceNotFoundException');
  return { status: 200, body: { ARN: ARN(found[0]), SecretString: found[1] } };
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-secrets-'));
  [secrets, targets, regions, refusal] = [new Map(), [], new Set(), undefined];
  server = createServer((request, response) => {
    readBody(request, 65_536)
      .then((body) => {
        const target = String(request.headers['x-amz-target']);
        targets.push(target.replace('secretsmanager.', ''));
        regions.add(/\/\d{8}\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '');
        const answer = answered(target, JSON.parse(String(body)));
        response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify(answer.body));
      })
      .catch(() => response.destroy());
  });
  const port = await listenOnLoopback(server, 0);
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', `http://127.0.0.1:${port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_REGION', '');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await closeServer(server);
  await rm(directory, { recursive: true, force: true });
});

function init(...more: readonly string[]): Promise<Ran> {
  const named = ['--index', '1', '--operator', 'Guild', '--account', '111111111110', '--region', 'eu-west-1'];
  return tacit('consortium', 'init', '--dir', directory, ...named, ...more);
}

const firstCode = ({ code, stderr }: Ran) => [code, stderr.split(':')[0]];

describe("an operator's keys in Secrets Manager", () => {
  test('are made there, used again, and nowhere else', async () => {
    const made = await init('--keys', 'secretsmanager:tacit/party-1');
    expect([made.code, [...secrets.keys()], [...regions]]).toEqual([0, ['tacit/party-1'], ['eu-west-1']]);
    expect(made.stderr).toContain(`Made keys in secretsmanager:${ARN('tacit/party-1')}`);
    expect(await readdir(join(directory, 'operator'))).toEqual(['party-1.record.json']);
    const held = secrets.get('tacit/party-1') ?? '';
    const { signing, sealing } = JSON.parse(held);
    const record = await readFile(join(directory, 'operator/party-1.record.json'), 'utf8');
    for (const { secretKey } of [signing, sealing]) {
      expect(secretKey.length).toBeGreaterThan(40);
      expect(record + made.stdout + made.stderr).not.toContain(secretKey);
    }
    expect(JSON.parse(record).record.signingKey).toBe(signing.publicKey);

    targets = [];
    const out = join(directory, 'again.json');
    const again = await init('--keys', `secretsmanager:${ARN('tacit/party-1')}`, '--out', out, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ keysCreated: false, record: { record: {} } });
    expect([targets, secrets.get('tacit/party-1')]).toEqual([['GetSecretValue'], held]);

    const rotated = await init(
      ...['--keys', 'secretsmanager:tacit/party-1-2028', '--old-keys', 'secretsmanager:tacit/party-1'],
      ...['--replaces', out, '--out', join(directory, 'next.json'), '--json'],
    );
    expect(JSON.parse(rotated.stdout).record.endorsement.signingKey).toBe(signing.publicKey);
  });

  test.each([
    ['AccessDeniedException', 'AccessDeniedException: check credentials'],
    ['InvalidRequestException', 'InvalidRequestException'],
  ])('are not made where Secrets Manager answers %s', async (type, sentence) => {
    refusal = type;
    const refused = await init('--keys', 'secretsmanager:tacit/party-1');
    expect(firstCode(refused)).toEqual([1, 'SECRET_UNAVAILABLE']);
    expect(refused.stderr).toContain(sentence);
    expect(await readdir(directory)).toEqual([]);
  });

  test('are not taken for keys where the secret holds something else, which nothing quotes', async () => {
    secrets.set('mail', 'hunter2');
    const refused = await init('--keys', 'secretsmanager:mail');
    expect(firstCode(refused)).toEqual([1, 'SECRET_UNAVAILABLE']);
    expect(refused.stderr).not.toContain('hunter2');
    const missing = await init('--old-keys', 'secretsmanager:gone', '--replaces', 'none.json');
    expect(missing.code).toBe(1);
  });
});
