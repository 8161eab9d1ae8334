/** Three TCP channels on loopback in one process, and a way to close whatever a test has opened. */

import { systemClock } from '../../functions/system-clock.ts';
import { TcpListener } from '../../mpc/channels/tcp/connect.ts';
import { connectTcp, type TcpChannel } from '../../mpc/channels/tcp/tcp.ts';
import { forEachParty, type Three } from './world.ts';

export class TcpNetworks {
  readonly #channels: TcpChannel[] = [];

  async create(options: { readonly delayMs?: number } = {}): Promise<Three<TcpChannel>> {
    const listeners = await Promise.all(forEachParty(() => TcpListener.bind({ host: '127.0.0.1', port: 0 })));
    const signal = AbortSignal.timeout(5000);
    const channels = await Promise.all(
      forEachParty((self) =>
        connectTcp({
          self,
          listener: listeners[self]!,
          addresses: forEachParty((party) => listeners[party]!.address),
          clock: systemClock,
          signal,
          ...options,
        }),
      ),
    );
    this.#channels.push(...channels);
    return forEachParty((party) => channels[party]!);
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#channels.splice(0).map((channel) => channel.close()));
  }
}
