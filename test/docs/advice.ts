/**
 * What to do about each code, for docs/errors.md: the codes and their meanings come from the sources, the advice
 * from here. The test refuses a code without advice and advice for a code that is gone.
 */

export const AUCTION_ADVICE: Readonly<Record<string, string>> = {
  TENDER_MALFORMED: 'Auctioneer: correct the field in `facts.field`.',
  TENDER_SIGNATURE:
    'Do not trust the document: it was changed after signing. Fetch it again, compare its id.',
  TENDER_UNKNOWN: 'Check the id; publish the tender at this party as well. Exit code 3: it may come later.',
  TENDER_PARTIES_MISMATCH:
    'Auctioneer: take the keys from `GET /party` of the three parties, in order. Operator: check the configured consortium.',
  TENDER_OTHER_PARTIES:
    'Bidder: do not bid. Ask the auctioneer, and compare the fingerprint of the consortium document.',
  LOT_DUPLICATE: 'Auctioneer: give each lot an id of its own.',
  LOT_UNKNOWN: 'Use an id that the tender lists (`tacit tender show`).',
  AMOUNT_MALFORMED: 'Write digits and one optional point: `1250`, `1250.5`, `1250.50`.',
  AMOUNT_NEGATIVE: 'Write an amount of zero or more.',
  AMOUNT_TOO_PRECISE: "Use at most the tender's `decimals` after the point.",
  AMOUNT_TOO_LARGE: 'Use a greater unit or fewer decimals: amounts stay below 2^64 minor units.',
  AMOUNT_OVER_CEILING: "Bid at or below the tender's ceiling.",
  BID_MALFORMED: 'Correct the field in `facts.field`; seal with a current client.',
  BID_SIGNATURE: 'Seal and sign again; the document was changed, or signed with another key than it names.',
  BID_AFTER_DEADLINE: 'Nothing: the party takes in nothing more. The deadline is by its clock.',
  BID_VERSION_REPLAYED: 'Seal again with a version above `facts.received` (`--bid-version`).',
  BID_OTHER_TENDER: 'Seal again for this tender; bids cannot be moved.',
  BIDDER_NAME_TAKEN:
    'Use the key that bid first under this name, or another name. If you were invited and never bid: somebody else used your link, tell the auctioneer.',
  BIDDER_NOT_ELIGIBLE: 'Use exactly the name and key that the tender lists, or ask the auctioneer.',
  BIDDER_NOT_INVITED: 'Bid without the link: the tender is open, or lists your key.',
  BIDDER_INVITATION_MISSING:
    'Bid with the link that the auctioneer sent (`--invitation`); later bids of the same key need it no more.',
  BIDDER_INVITATION:
    'Use the link of this tender and name, whole and with the key that you bid with; or ask the auctioneer for it again.',
  INVITATION_MALFORMED: 'Copy the whole link out of the message, up to its last letter, or ask for it again.',
  BID_FILE_MALFORMED: 'Choose the file that the page saved, or a key file of `tacit key`.',
  BID_FILE_KEY: 'The file was edited: use another copy of it.',
  BID_FILE_OTHER_BIDDER: 'The file was put together from several: use the one that the page saved.',
  ENVELOPE_UNREADABLE:
    "Seal again with the sealing keys of the tender's parties. All parties say so: the client is at fault.",
  COMMITMENT_MISMATCH: 'Seal again; the client made shares that do not belong to its commitments.',
  SHARE_MALFORMED: 'Seal again for this tender; the width follows from its ceiling.',
  WITHDRAWAL_WITHOUT_BID:
    'Nothing stands at this party. Submit the bid there first if it has to count there.',
  RECEIPT_MALFORMED: 'Do not count this receipt; ask the party again.',
  RECEIPT_SIGNATURE: 'Do not count this receipt; tell the operator of the party.',
  RECEIPT_MISMATCH: 'Do not count this receipt; it is for another submission or party.',
  TOO_FEW_RECEIPTS: 'Submit the same document to the other parties before the deadline.',
  CLOSE_MALFORMED: 'Sign the order again with a current client.',
  CLOSE_OTHER_TENDER: 'Sign an order for this tender.',
  CLOSE_UNAUTHORISED: 'Use the key that signed the tender (`--key`).',
  CLOSE_BEFORE_DEADLINE: 'Wait for the deadline, or have the auctioneer sign a close order.',
  CLOSING_LIST_MALFORMED: 'Operators: compare versions; the party named posted a list that is none.',
  CLOSING_LIST_SIGNATURE:
    'Operators: the party named, or whoever runs its outbox table, posted a list it did not sign.',
  CLOSING_LIST_OTHER_TENDER: 'Operators: the party named posted a list in the wrong topic; compare versions.',
  CLOSING_LIST_DUPLICATE:
    'Operators: the party named signed a faulty list; keep it as evidence. A list is never said anew.',
  CLOSING_LISTS_INCOMPLETE: 'Auditor: collect one list of each party.',
  CLOSING_LISTS_DIFFER:
    'Operators: compare the submission named at the parties named. A hash has one body, so one list lies.',
  CLOSING_BID_MISSING:
    'Operator of the party named: its list holds a bid that it did not pass on. Its passing message is final.',
  CLOSING_REPAIR_FAILED:
    'Operator of the party named: it did not send its share, or a wrong one. Its repair message is final.',
  CLOSING_SHARES_LOST:
    'Operator: restore `keys.json` and the tables as they were when the closing began, and start again.',
  CLOSING_VIEWS_DIFFER:
    'Operators: exchange the signed lists out of band; whoever signed two for one tender cheated.',
  CLOSING_ROOTS_DIFFER: 'Operators: run the same version everywhere; equal lists gave different sets.',
  CLOSING_MESSAGE_MALFORMED: 'Operators: compare versions; keep the message of the party named as evidence.',
  CLOSING_MESSAGE_SIGNATURE: 'Operators: the outbox of the party named holds what that party did not sign.',
  COIN_MISMATCH:
    'Operators: the party named opened another coin than it committed to. The tender cannot be cleared; publish it anew.',
  COIN_MALFORMED:
    'Operators: compare versions; the coin is not 32 bytes, or is missing where ties are by lottery.',
  OUTCOME_MALFORMED: 'Do not use the outcome; ask another party.',
  OUTCOME_OTHER_TENDER: 'Do not use the outcome; it was signed for another tender.',
  OUTCOME_INCONSISTENT:
    'Do not use the outcome, whoever signed it: it breaks the rules of its tender. Ask the operators.',
  OUTCOME_SET_MISMATCH: 'Do not use the outcome: it is not one of this closing set. Ask the operators.',
  OUTCOME_SIGNATURE:
    'Wait for more signatures (`tacit outcome --wait`), or do not use the outcome where one is wrong.',
  OUTCOME_CONFLICT:
    'Stop. Keep both signed statements: they prove that a party cheated or runs another program.',
  OUTCOME_NOT_READY: 'Ask again later; `facts.phase` says how far the party is.',
  CLEARING_BUSY: 'Nothing: the run under way goes on.',
  STATE_MALFORMED:
    'Operator: the state item in the table was altered or is of another version; restore the table.',
  STATE_CONFLICT: 'Send the request again. For a clearing: the tender is open, close it first.',
  STATE_OUT_OF_ORDER: 'Read the phase and do what it allows.',
  STATE_ROOT_CONFLICT:
    'Operator: stop, keep the tables. This party once agreed on another set: restored backup or tampering.',
  EVIDENCE_MALFORMED: 'Check the file: evidence is copied as a party stored or posted it, never rewritten.',
  EVIDENCE_OTHER_TENDER: 'Check it with the tender that it names.',
  EVIDENCE_SIGNATURE:
    'Do not believe the accusation: the accused did not sign what is held against it. Ask the accuser.',
  EVIDENCE_PROVES_NOTHING:
    'Do not believe the accusation: what the party signed is in order, or not what it was said to have seen.',
  OPERATOR_MALFORMED:
    'Operator: correct the field in `facts.field`; `tacit consortium init` writes the form.',
  OPERATOR_SIGNATURE: 'Use the file as its operator wrote it; ask for it again by another way.',
  OPERATOR_ENDORSEMENT: 'Operator: export the record again with the old key (`--old-keys`) or without one.',
  OPERATOR_EXPIRED: 'Operator: export a new record (`--replaces`); then all three join again.',
  OPERATOR_NOT_YET_VALID: 'Compare the clock of this machine with another one, or wait until `validFrom`.',
  CONSORTIUM_MALFORMED: 'Make the file again with `tacit consortium join`; do not edit it.',
  CONSORTIUM_INDEX: 'Agree who is party 0, 1 and 2; export the record in question again with its index.',
  CONSORTIUM_KEY_REUSED: 'Find out who has both; the operator at fault makes new keys.',
  CONSORTIUM_NAME_REUSED: 'Operators: give each organisation its own name, and be three organisations.',
  CONSORTIUM_ACCOUNT_SHARED:
    'Use three AWS accounts of three owners; for a trial alone `--allow-shared-account`.',
  CONSORTIUM_FINGERPRINT_DIFFERS:
    'Somebody has another document: compare the records of all parties before deploying anything.',
  CONSORTIUM_KEYS_DIFFER: 'Operator: use the key file of this party and of this consortium.',
  OPERATOR_REPLACES_OTHER:
    'Operator: export the record again with `--replaces` and the record that stands now.',
  CONSORTIUM_CHANGE_UNENDORSED:
    'Have the old key sign (`--old-keys`); where it is lost, call the operator, then `--allow-unendorsed`.',
  EVENT_MALFORMED: 'Receiver: check the event with the same version as the party runs.',
  EVENT_OTHER_PARTY: 'Receiver: do not believe the event, and tell the operator of the party that signed it.',
  WEBHOOK_MALFORMED:
    'Receiver: answer 401. Pass on the headers `content-type`, `content-digest`, `signature-input` and `signature` as they came.',
  WEBHOOK_SIGNER_UNKNOWN: "Receiver: answer 401. Give the signing keys of the tender's parties.",
  WEBHOOK_EXPIRED: 'Receiver: answer 401, and set the clock; a delivery that was recorded is refused so too.',
  WEBHOOK_DIGEST: 'Receiver: answer 401. Check the bytes of the body as they came, before they are parsed.',
  WEBHOOK_SIGNATURE:
    'Receiver: answer 401. Give the address that the operator configured, letter for letter; behind a proxy it differs from the one that the server sees.',
  BODY_TOO_LARGE: 'Send a valid document; `facts.maxBodyBytes` has the bound where a handler set it.',
  BODY_MALFORMED: 'Send JSON.',
  CSV_MALFORMED: 'Correct the line in `facts.line`.',
  KEY_MALFORMED: 'Use the key file as it was written; make a new key if it is damaged.',
  TEXT_MALFORMED: 'Send Unicode text: an escape such as "\\ud800" must not stand alone.',
  ENCODING_MALFORMED: 'Use base64url without padding and with zero spare bits (RFC 4648 section 5).',
};

export const ENGINE_ADVICE: Readonly<Record<string, string>> = {
  BIT_VECTOR_SHAPE: 'A fault of the calling program; report it.',
  VALUE_OUT_OF_RANGE: 'Give values that fit the width of the input.',
  CIRCUIT_INVALID: 'A fault of the program that built the circuit; report it.',
  CIRCUIT_OVER_BOUND: 'Use fewer candidates or lots in one computation.',
  CIRCUIT_INPUT_MISMATCH: 'Give exactly the inputs that the circuit declares.',
  BRISTOL_MALFORMED: 'Correct the file at the line named.',
  BRISTOL_OVER_BOUND: 'Use a smaller circuit.',
  BRISTOL_INPUT_MISMATCH: 'Give one value for each input, within its width.',
  ADDRESS_REUSED: 'A fault of the program: nothing was sent twice. Report it.',
  CHANNEL_TIMEOUT:
    'See that the party in the message is up and reachable; the next attempt follows by itself.',
  CHANNEL_UNAVAILABLE: 'See that the party named and its database run; the next try follows by itself.',
  CHANNEL_REFUSED: 'Operators: check the names of tables, their policies and the credentials in use.',
  CHANNEL_CLOSED: 'Nothing: the session was ended on purpose.',
  CHANNEL_CONFLICT:
    'Operator: two processes of one party wrote one address, or the outbox was restored from a backup.',
  CHANNEL_MESSAGE_TOO_LARGE: 'Use fewer bids or lots in one tender.',
  CHANNEL_ADDRESS_MALFORMED: 'A fault of the program; report it.',
  CHANNEL_ITEM_MALFORMED: 'Operators: the outbox of the party named was altered, or is of another version.',
  CHANNEL_FRAME_MALFORMED:
    'Operators: compare addresses, ports and versions; something else connects to this port.',
  CHANNEL_FLOODED: 'Operators: find out what the peer named sends; the connection is of no use until then.',
  MESSAGE_FORGED:
    'Operators: the outbox of the party named was altered, or different hellos were shown. Find out before trying again.',
  MESSAGE_MALFORMED: 'Operators: compare versions; then suspect the party named.',
  HANDSHAKE_SIGNATURE:
    "Operators: compare the parties' signing keys; the outbox named holds a hello of somebody else.",
  HANDSHAKE_MISMATCH:
    'Operators: compare `facts.field` (version, circuit, closing root, party set) at the party named.',
  HANDSHAKE_KEY: 'Operators: the party named is broken or cheating; do not try again before it is explained.',
  ATTEMPT_SUPERSEDED: 'Nothing: a peer was started again; the next attempt follows by itself.',
  ATTEMPT_TAKEN_OVER: 'Nothing if two invocations overlapped. Otherwise see that a party does not run twice.',
  ATTEMPT_USED: 'Publish the tender anew; somebody has called for a hundred million attempts.',
  CHECK_INCOMPLETE: 'A fault of the program: nothing was opened. Report it.',
  CHECK_FAILED: 'Operators: one of the three deviated; nothing was opened. Find out who before trying again.',
  CHECK_SEED_DIFFERS:
    'Operators: `facts` name prover and verifier, one of whom deviated; nothing was opened.',
  CHECK_CHALLENGES_DIFFER: 'Operators: a prover showed its verifiers different proofs; nothing was opened.',
  CHECK_UNBLINDED: 'Try again: by chance it happens about never. Twice means that a party aims for it.',
  REVEAL_MISMATCH:
    'Operators: a neighbour of the party that reports sent a wrong share; no output was accepted.',
  OUTPUTS_DIFFER: 'Report it.',
  KERNEL_OPERAND_RANGE: 'A fault of the program; report it.',
  KERNEL_OPERAND_SHAPE: 'A fault of the program; report it.',
  KERNEL_MEMORY_FULL: 'Use fewer candidates or lots, or give the function more memory.',
  PLAN_OVER_BOUND: 'Ask for a smaller plan.',
};

export const FUNCTION_ADVICE: Readonly<Record<string, string>> = {
  ROUTE_UNKNOWN: 'See the table of routes in [api.md](api.md).',
  METHOD_NOT_ALLOWED: 'Use a method of the `allow` header.',
  CONTENT_TYPE_UNSUPPORTED: 'Send `content-type: application/json`.',
  TENDER_ID_MALFORMED: 'Use the id as `tacit tender create` printed it.',
  PAGE_MALFORMED: 'Leave `limit` and `after` out for the first page; then pass `next` on as `after`.',
  VAULT_REQUEST_MALFORMED: 'Correct the field named; make requests with a current client.',
  VAULT_REQUEST_LENGTH:
    'Give the client the `valueBytes` of this vault; pad as [api.md](api.md) says. A key or value may be too long.',
  VAULT_REQUEST_OTHER_VAULT: 'Sign a request for this vault.',
  VAULT_REQUEST_OTHER_PARTY:
    'Use the signing key of the party that keeps the vault; if it is right, somebody passes your requests on.',
  VAULT_REQUEST_EXPIRED: "Sign a new request; if it repeats, correct the requester's clock.",
  VAULT_REQUEST_SIGNATURE: 'Sign with the key that the request names; the document was changed on the way.',
  VAULT_REQUESTER_UNKNOWN: 'Have the operator put the public key on the access list (`VAULT_ACCESS`).',
  VAULT_RIGHTS: 'Have the operator grant `write`.',
  VAULT_REQUEST_REPLAYED:
    'Sign a new request with a fresh nonce; whether the first one was carried out, a lookup tells.',
  REQUEST_TIMED_OUT: 'Send the same request again; a vault request is signed anew.',
  CLOCK_OFF:
    'Bidder: two other receipts make the bid count; send it here again later. Operator: correct the clock; on AWS call support, since Lambda keeps it.',
  INVOCATION_MALFORMED: 'Invoke the clearing function with `{"tenderId": "..."}`.',
  CONFIGURATION_INVALID:
    'Operator: check the environment variables and the keys of the function. Over HTTP it appears as INTERNAL.',
  INTERNAL:
    'Give the operator the `instance` of the problem document; it is the `requestId` of the log line.',
};

export const COMMAND_ADVICE: Readonly<Record<string, string>> = {
  USAGE: 'See `--help` of the command.',
  FILE_UNREADABLE: 'Check path, permissions and format of the file named.',
  SECRET_UNAVAILABLE:
    'Check the credentials of the AWS configuration, the region, and that they may read and create secrets; a secret that is scheduled for deletion has to be restored first.',
  OUTBOX_UNREADABLE:
    'Give credentials (`--profile`) that may read the table, and its region (`--region`) or its ARN.',
  FILE_UNWRITABLE: 'Check path, permissions and space for the file named.',
  DEADLINE_PASSED:
    'Set a later `closesAt`, or rehearse with `auction run --channel memory`, where the clock is played.',
  BIDDER_KEY_MISSING:
    "Give the folder with the bidders' keys, or take the list of bidders out of a rehearsal.",
  INTERRUPTED: 'Nothing: it was asked for.',
  NOT_FOUND: 'Start parties with `tacit up`, or name them with `--party`.',
  PARTY_KEYS_DIFFER:
    'Do not go on: compare the keys with what the operator published, and check the address of the party.',
  PARTY_UNHEALTHY: 'Look into each thing named; [operations.md](operations.md) says how.',
  PARTY_NOT_STARTED:
    'See that no other `tacit up` runs with this directory or these ports (`--port`, for a new directory); the log named tells more.',
  PAGE_NOT_SERVED: 'Run `npm ci` without `--omit=dev`, and see that nothing else listens on the port named.',
  TENDER_NOT_PUBLISHED: 'See that all three parties answer, then publish again.',
  BID_DOES_NOT_COUNT:
    'Run the same command again before the deadline: it makes a later version for all parties.',
  CLOSE_INCOMPLETE: 'Run `tacit tender close` again once all parties answer.',
  CHECK_FAILED: 'Report it: the demonstration found a claim that does not hold.',
  INTERNAL: 'Run again with `--debug` and report what it shows.',
};

/** Codes of `client/party-client.ts`, which has no table of its own. */
export const CLIENT_CODES: Readonly<Record<string, { readonly meaning: string; readonly advice: string }>> = {
  PARTY_UNREACHABLE: {
    meaning: 'no answer came from the address of a party',
    advice: 'See that the party is up; a bid counts with two of three.',
  },
  PARTY_BUSY: {
    meaning: "the party's gateway throttles requests, and did so in all tries",
    advice: 'Send the same again after a minute; whoever sends many requests spreads them.',
  },
  PARTY_TOKEN_REFUSED: {
    meaning: 'the party wants a token to publish and close, and there was none or it does not take it',
    advice:
      "Get a fresh token from the party's identity provider and name its file with `--token-file`; the sentence says what was wrong with this one.",
  },
  PARTY_ANSWER_MALFORMED: {
    meaning: 'what answers at the address is not a party, or answered with another tender',
    advice: 'Check the address (`--party`, `consortium.json`).',
  },
};

export const PAGE_ADVICE: Readonly<Record<string, string>> = {
  PAGE_CONFIG_MALFORMED:
    'Bidder: check the addresses. Whoever serves the page: three different https addresses under `parties`.',
  PAGE_BROWSER:
    'Use a current browser (Chrome 133, Firefox 130, Safari 18 or later) and the https address; or `tacit bid`.',
  PAGE_FAILED:
    'Save your file, reload the page and open the file there; or use `tacit bid` and `tacit resend`.',
  BIDDER_MISSING: 'Enter the name that you bid under.',
  AMOUNT_MISSING: 'Enter an amount for at least one lot.',
  BID_NOT_COUNTED:
    'Keep the file: its receipts are the evidence. Ask the auctioneer and the operators that signed them.',
};

export const DEPLOYMENT_ADVICE: Readonly<Record<string, string>> = {
  DEPLOYMENT_MALFORMED:
    'Correct the field or the path named; [deploy.md](deploy.md) says what each field may be.',
  DEPLOYMENT_FINGERPRINT:
    'Do not deploy. Compare the fingerprint with both other operators, and write down what all three read out.',
  DEPLOYMENT_KEYS:
    'Leave `keysSecret` out where several parties are synthesised; otherwise give the ARN of the one party, of its account and region.',
  DEPLOYMENT_NAMES:
    'Make the records again with other names (`--outbox-table`, `--engine-role`), and join them.',
  DEPLOYMENT_ADMINISTRATORS:
    "Name roles or users of the party's own account in `vault.administrators`; who is elsewhere asks for one there.",
};
