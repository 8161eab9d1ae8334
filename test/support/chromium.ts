/** The Chromium that is on this machine, if any, and how tests start it. */

import { existsSync } from 'node:fs';

export const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

export const isInstalled = existsSync(executablePath);

/** Nothing but the pages of the tests: no sandbox in a container, no graphics, no traffic of its own. */
export const LAUNCH_ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
