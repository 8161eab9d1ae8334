/**
 * The three rounds in which every party proves its ANDs to its two neighbours, all three proofs side by side.
 *
 * In each round a party plays its three roles at once: prover P to both neighbours, left verifier of the next party,
 * right verifier of the previous one. The right verifier of the next party is the previous one, and the left verifier of
 * the previous party is the next one, so verdicts about the next party go to and come from the previous one and the
 * other way round.
 *
 * Which key gives what: the pair key k_{P-1} is known to P's verifiers and not to P: coefficients. k_P is known to P and
 * its left verifier: that verifier's halves and alpha. k_{P+1} is known to P and its right verifier: beta.
 */

import { concatBytes, equalBytes } from '../../bytes.ts';
import { MpcError } from '../../errors.ts';
import type { FieldKernels } from '../../kernels/field.ts';
import { nextParty, type PartyIndex, previousParty } from '../../party.ts';
import type { Prss } from '../../random/prss.ts';
import type { Links } from '../../session/links.ts';
import type { AndLog, Batch } from './and-log.ts';
import { addElements, type Element } from './elements.ts';
import { leftShares, rightBlinds } from './proof-streams.ts';
import { type Proof, proveBatch } from './prover.ts';
import { checkRoundsOf, ROUND_BYTES } from './shape.ts';
import { DIGEST_BYTES, digestOfChallenges, ELEMENT_BYTES, NONCE_BYTES } from './transcript.ts';
import {
  drawChallenges,
  initialClaim,
  type VerifierResult,
  verifyAsLeft,
  verifyAsRight,
} from './verifiers.ts';

const SEED_STEP = 'check/seed';
const PROOF_STEP = 'check/proof';
const VERDICT_STEP = 'check/verdict';

/** One verifier's folded factor and half of the last claim. */
const VERDICT_BYTES = 2 * ELEMENT_BYTES;

/**
 * @throws MpcError CHECK_INCOMPLETE when not every AND was logged; CHECK_SEED_DIFFERS, CHECK_CHALLENGES_DIFFER, CHECK_FAILED when a proof does
 *   not hold: then the prover or the other verifier deviated, and nothing may be opened
 */
export async function checkAnds(
  log: AndLog,
  links: Links,
  prss: Prss,
  kernels: FieldKernels,
  random: (bytes: number) => Uint8Array,
): Promise<void> {
  if (!log.isComplete()) {
    throw new MpcError('CHECK_INCOMPLETE', 'some ANDs were not logged; nothing can be checked or opened');
  }
  const batches = log.batches();
  if (batches.length === 0) return;
  try {
    await new Check(batches, links, prss, kernels, random).run();
  } finally {
    kernels.memory.wipe();
  }
}

class Check {
  readonly #batches: readonly Batch[];
  readonly #links: Links;
  readonly #prss: Prss;
  readonly #kernels: FieldKernels;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #next: PartyIndex;
  readonly #previous: PartyIndex;
  readonly #rounds: readonly number[];
  readonly #totalRounds: number;

  constructor(
    batches: readonly Batch[],
    links: Links,
    prss: Prss,
    kernels: FieldKernels,
    random: (bytes: number) => Uint8Array,
  ) {
    this.#batches = batches;
    this.#links = links;
    this.#prss = prss;
    this.#kernels = kernels;
    this.#random = random;
    this.#next = nextParty(links.self);
    this.#previous = previousParty(links.self);
    this.#rounds = batches.map(({ columns }) => checkRoundsOf(columns));
    this.#totalRounds = this.#rounds.reduce((sum, rounds) => sum + rounds, 0);
  }

  async run(): Promise<void> {
    const seedForNext = this.#prss.common('previous', SEED_STEP, ELEMENT_BYTES);
    const seedForPrevious = this.#prss.common('next', SEED_STEP, ELEMENT_BYTES);
    await this.#links.send(SEED_STEP, new Map([[this.#next, seedForNext]]));
    const claimsNext = this.#claims(seedForNext, 'left');
    const claimsPrevious = this.#claims(seedForPrevious, 'right');
    const ownSeed = await this.#links.receive(SEED_STEP, this.#previous);
    requireLength(ownSeed, ELEMENT_BYTES, SEED_STEP);

    const nonces = this.#batches.map(() => this.#random(NONCE_BYTES));
    const proofs = this.#prove(ownSeed, nonces);
    const [, fromPrevious, fromNext] = await Promise.all([
      this.#links.send(
        PROOF_STEP,
        new Map([
          [
            this.#next,
            concatBytes([
              ownSeed,
              ...proofs.flatMap(({ rightHalves }, index) => [nonces[index]!, rightHalves]),
            ]),
          ],
          [this.#previous, concatBytes(proofs.flatMap(({ challenges }) => challenges))],
        ]),
      ),
      this.#links.receive(PROOF_STEP, this.#previous),
      this.#links.receive(PROOF_STEP, this.#next),
    ]);
    const aboutNext = this.#verifyNext(seedForNext, claimsNext, fromNext);
    const aboutPrevious = this.#verifyPrevious(seedForPrevious, claimsPrevious, fromPrevious);

    const [, leftOfPrevious, rightOfNext] = await Promise.all([
      this.#links.send(
        VERDICT_STEP,
        new Map([
          [this.#previous, encodeVerdict(aboutNext)],
          [this.#next, encodeVerdict(aboutPrevious)],
        ]),
      ),
      this.#links.receive(VERDICT_STEP, this.#next),
      this.#links.receive(VERDICT_STEP, this.#previous),
    ]);
    this.#judge(this.#next, aboutNext, rightOfNext);
    this.#judge(this.#previous, aboutPrevious, leftOfPrevious);
  }

  #claims(seed: Uint8Array, side: 'left' | 'right'): readonly Element[] {
    return this.#batches.map((batch, index) => initialClaim(this.#kernels, batch, seed, index, side));
  }

  #prove(seed: Uint8Array, nonces: readonly Uint8Array[]): readonly Proof[] {
    const shares = leftShares(this.#prss, 'previous', this.#links.self, this.#rounds);
    const blinds = rightBlinds(this.#prss, 'next', this.#links.self, this.#batches.length);
    return this.#batches.map((batch, index) =>
      proveBatch(this.#kernels, batch, {
        seed,
        index,
        context: contextOf(this.#links.self, index, batch),
        nonce: nonces[index]!,
        leftHalves: shares[index]!.halves,
        alpha: shares[index]!.alpha,
        beta: blinds[index]!,
      }),
    );
  }

  /** As left verifier, with the challenges the prover claims. */
  #verifyNext(seed: Uint8Array, claims: readonly Element[], claimed: Uint8Array): RoleResult {
    requireLength(claimed, this.#totalRounds * ELEMENT_BYTES, PROOF_STEP);
    const shares = leftShares(this.#prss, 'next', this.#next, this.#rounds);
    const drawn: Element[] = [];
    const results = this.#batches.map((batch, index) => {
      const challenges = Array.from({ length: this.#rounds[index]! }, (_, round) => {
        const start = (drawn.length + round) * ELEMENT_BYTES;
        return claimed.slice(start, start + ELEMENT_BYTES);
      });
      drawn.push(...challenges);
      const { halves, alpha } = shares[index]!;
      requireBlinding(challenges, this.#next);
      return verifyAsLeft(this.#kernels, batch, {
        seed,
        index,
        halves,
        challenges,
        blind: alpha,
        claim: claims[index]!,
      });
    });
    return { results, digest: digestOfChallenges(drawn) };
  }

  /** As right verifier, with the challenges drawn from what the prover sent. */
  #verifyPrevious(seed: Uint8Array, claims: readonly Element[], message: Uint8Array): RoleResult {
    const expected = ELEMENT_BYTES + this.#batches.length * NONCE_BYTES + this.#totalRounds * ROUND_BYTES;
    requireLength(message, expected, PROOF_STEP);
    this.#requireSameSeed(seed, message.subarray(0, ELEMENT_BYTES));
    const blinds = rightBlinds(this.#prss, 'previous', this.#previous, this.#batches.length);
    const drawn: Element[] = [];
    let offset = ELEMENT_BYTES;
    const results = this.#batches.map((batch, index) => {
      const nonce = message.subarray(offset, offset + NONCE_BYTES);
      const end = offset + NONCE_BYTES + this.#rounds[index]! * ROUND_BYTES;
      const halves = message.subarray(offset + NONCE_BYTES, end);
      offset = end;
      const context = contextOf(this.#previous, index, batch);
      const challenges = drawChallenges(context, seed, nonce, halves);
      drawn.push(...challenges);
      requireBlinding(challenges, this.#previous);
      return verifyAsRight(this.#kernels, batch, {
        seed,
        index,
        halves,
        challenges,
        blind: blinds[index]!,
        claim: claims[index]!,
      });
    });
    return { results, digest: digestOfChallenges(drawn) };
  }

  /**
   * The prover repeats the seed it was given. A left verifier that gave it another one would learn this party's half of
   * a last claim that its own half does not determine, so this party stops before it sends a verdict.
   */
  #requireSameSeed(seed: Uint8Array, repeated: Uint8Array): void {
    if (!equalBytes(seed, repeated)) {
      throw new MpcError('CHECK_SEED_DIFFERS', `party ${this.#previous} was given another seed, or says so`, {
        prover: this.#previous,
        verifier: this.#next,
      });
    }
  }

  #judge(prover: PartyIndex, own: RoleResult, message: Uint8Array): void {
    requireLength(message, this.#batches.length * VERDICT_BYTES + DIGEST_BYTES, VERDICT_STEP);
    if (!equalBytes(message.subarray(message.length - DIGEST_BYTES), own.digest)) {
      throw new MpcError(
        'CHECK_CHALLENGES_DIFFER',
        `the verifiers of party ${prover} saw different proofs of it`,
        {
          prover,
        },
      );
    }
    own.results.forEach(({ folded, claimHalf }, index) => {
      const start = index * VERDICT_BYTES;
      const otherFolded = message.slice(start, start + ELEMENT_BYTES);
      const otherHalf = message.slice(start + ELEMENT_BYTES, start + VERDICT_BYTES);
      const product = this.#kernels.multiply(folded, otherFolded);
      if (!equalBytes(product, addElements(claimHalf, otherHalf))) {
        throw new MpcError('CHECK_FAILED', `party ${prover} did not prove that its AND messages were right`, {
          prover,
          batch: index,
        });
      }
    });
  }
}

interface RoleResult {
  readonly results: readonly VerifierResult[];
  readonly digest: Uint8Array;
}

function encodeVerdict({ results, digest }: RoleResult): Uint8Array {
  return concatBytes([...results.flatMap(({ folded, claimHalf }) => [folded, claimHalf]), digest]);
}

function contextOf(prover: PartyIndex, index: number, { columns }: Batch): string {
  return `prover ${prover} batch ${index} columns ${columns}`;
}

/** With 0 as the last challenge the factors would be opened without their blinds; its chance is 2^-128. */
function requireBlinding(challenges: readonly Element[], prover: PartyIndex): void {
  if (challenges.at(-1)?.every((byte) => byte === 0)) {
    throw new MpcError('CHECK_UNBLINDED', `the last challenge of party ${prover}'s proof is zero`, {
      prover,
    });
  }
}

function requireLength(message: Uint8Array, bytes: number, step: string): void {
  if (message.length !== bytes) {
    throw new MpcError(
      'MESSAGE_MALFORMED',
      `a message of ${step} has ${message.length} bytes instead of ${bytes}`,
      {
        step,
        expected: bytes,
        bytes: message.length,
      },
    );
  }
}
