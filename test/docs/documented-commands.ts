/** The commands in the `sh` blocks of the documentation, and what the test does with each. */

import type { MarkdownPage } from './repository.ts';

export interface DocumentedCommand {
  readonly document: string;
  readonly line: number;
  /** Without the comment behind it. */
  readonly command: string;
}

export type Treatment =
  /** Too long for a test of its own: the CI job runs it. */
  | 'ci'
  /** Starts parties that stay until the page ends. */
  | 'up'
  /** Needs the parties of its page; `<id>` is the tender that the page published last. */
  | 'with-parties'
  | 'alone'
  /** Needs an AWS account: what it names is checked, and it is not run. */
  | 'account';

/** The pages whose commands run. */
export const COMMAND_PAGES = ['README.md', 'examples/README.md', 'docs/*.md'] as const;

/** Each must be in `.ci/run`, word for word, in its parts. */
const RUN_BY_CI: readonly string[] = ['npm ci && npm run demo', 'npm ci && npm test', 'npm run synth'];

const TREATMENTS: readonly (readonly [RegExp, Treatment])[] = [
  [/^npx cdk (bootstrap|deploy|diff|destroy) /, 'account'],
  [/^aws (secretsmanager put-secret-value|dynamodb update-table|sqs receive-message) /, 'account'],
  [/^aws xray (get-trace-summaries|batch-get-traces) /, 'account'],
  [/^npm run -s tacit -- vault [a-z]+ .*--tree-table /, 'account'],
  [/^npm run -s tacit -- consortium init .*secretsmanager:/, 'account'],
  [/^npm run -s tacit -- evidence fetch /, 'account'],
  [/^npm run -s tacit -- tender (create|close) .*--token-file /, 'account'],
  [/^npm run -s tacit -- up( |$)/, 'up'],
  [/^npm run -s tacit -- (tender (create|publish|show|close)|bid|withdraw|outcome|status) /, 'with-parties'],
  [/^npm run -s tacit -- vault remote (get|has|put|delete) /, 'with-parties'],
  [/^npm run -s tacit -- (consortium (init|join|check)|cost auction) /, 'alone'],
  [/^npm run -s tacit -- (auction run|plan|key|mpc (eval|export)|vault [a-z]+) /, 'alone'],
];

/** Undefined for a command that nobody has thought about yet. */
export function treatmentOf(command: string): Treatment | undefined {
  if (RUN_BY_CI.includes(command)) return 'ci';
  return TREATMENTS.find(([pattern]) => pattern.test(command))?.[1];
}

export function commandsOf({ path, blocks }: MarkdownPage): readonly DocumentedCommand[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ line, lines }) =>
      lines.map((text, index) => ({
        document: path,
        line: line + 1 + index,
        command: text.replace(/(^|\s+)#\s.*$/, '').trim(),
      })),
    )
    .filter(({ command }) => command !== '');
}

/**
 * Files that a documented command reads and that are not part of the project, and a command that makes one of the
 * same form in their place.
 */
export const STAND_INS: ReadonlyMap<string, string> = new Map([
  // Published with the Bristol Fashion format; an adder also takes two inputs of 128 bits.
  ['aes_128.txt', 'npm run -s tacit -- mpc export --kind adder --bits 128 --out aes_128.txt'],
]);
