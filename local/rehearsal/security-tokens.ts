/**
 * The one call of AWS's Security Token Service that operators make: to act as a role that trusts them.
 *
 * Its credentials are an access key as every other here, good until the rehearsal ends; on AWS they expire after an
 * hour, and the SDK then asks again. The service speaks forms and XML (version 2011-06-15 of its API).
 */

import * as z from 'zod/mini';
import type { Decision } from './policy.ts';

/** Of an answer's credentials, and of when a real service would end them. */
const SESSION_MS = 60 * 60 * 1000;

const requestSchema = z.object({
  Action: z.literal('AssumeRole'),
  Version: z.literal('2011-06-15'),
  RoleArn: z.string().check(z.regex(/^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/)),
  RoleSessionName: z.string().check(z.regex(/^[\w+=,.@-]{2,64}$/)),
});

export interface AssumedRole {
  readonly status: number;
  /** XML. */
  readonly body: string;
  /** Of the role that was asked for; whether it may be had is for `decide` to say. */
  readonly role: string;
  readonly decision: Decision;
}

/**
 * @param form body of the request
 * @param accessKey for whoever gets the role
 * @throws ZodError for any other call
 */
export function assumeRole(
  form: string,
  accessKey: string,
  decide: (role: string) => Decision,
  nowMs: number,
): AssumedRole {
  const { RoleArn: role, RoleSessionName: session } = z.parse(
    requestSchema,
    Object.fromEntries(new URLSearchParams(form)),
  );
  const decision = decide(role);
  if (decision !== 'allowed') {
    const body = `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>${role}: ${decision}</Message></Error></ErrorResponse>`;
    return { status: 403, body, role, decision };
  }
  const assumed = role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/');
  const expiration = new Date(nowMs + SESSION_MS).toISOString();
  const body = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>AROAREHEARSAL:${session}</AssumedRoleId><Arn>${assumed}/${session}</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>${accessKey}</AccessKeyId><SecretAccessKey>rehearsal</SecretAccessKey><SessionToken>rehearsal</SessionToken><Expiration>${expiration}</Expiration></Credentials>
</AssumeRoleResult><ResponseMetadata><RequestId>rehearsal</RequestId></ResponseMetadata></AssumeRoleResponse>`;
  return { status: 200, body, role, decision };
}
