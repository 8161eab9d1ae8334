/**
 * Servers of the local host: always on the loopback interface, closed without waiting for idle connections.
 */

import type { Server } from 'node:http';

const LOOPBACK = '127.0.0.1';

/**
 * @param port 0 picks a free one
 * @returns the port it listens on
 */
export function listenOnLoopback(server: Server, port: number): Promise<number> {
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

/** Ends keep-alive connections that have no request under way, then waits for those that have. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeIdleConnections();
  });
}
