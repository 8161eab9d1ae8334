/**
 * Servers of the local host: always on the loopback interface, closed without waiting for idle connections.
 */

import type { Server } from 'node:http';

const LOOPBACK = '127.0.0.1';

/**
 * A request that is sent just as its idle connection is closed fails, and one with a body is not sent again. Clients
 * let go of a connection a second before the end that they are told; Node's own 5 s are soon over on a busy machine.
 */
const IDLE_CONNECTION_MS = 300_000;

/**
 * @param port 0 picks a free one
 * @returns the port it listens on
 */
export function listenOnLoopback(server: Server, port: number): Promise<number> {
  server.keepAliveTimeout = IDLE_CONNECTION_MS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no port'));
      else resolve(address.port);
    });
  });
}

/** How often a server that closes looks for connections that have become idle. */
const IDLE_CHECK_MS = 10;

/**
 * Waits for requests under way; connections end as soon as they are idle. A server's own close() would keep
 * those that become idle later until nobody has used them for minutes.
 */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    server.close((error) => {
      clearInterval(timer);
      if (error) reject(error);
      else resolve();
    });
  });
}
