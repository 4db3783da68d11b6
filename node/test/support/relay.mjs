/** A TCP relay to a database that can be cut and restored, as if the server had stopped. */

import { once } from 'node:events';
import net from 'node:net';

/** Starts a relay that ends with the test. `url` reaches the database through it. */
export async function relayTo(t, databaseUrl) {
  const server = new URL(databaseUrl);
  const open = new Set();
  let up = true;

  const listener = net.createServer((client) => {
    if (!up) {
      client.destroy();
      return;
    }
    const upstream = net.connect(Number(server.port), server.hostname);
    for (const [source, target] of [
      [client, upstream],
      [upstream, client],
    ]) {
      open.add(source);
      source.pipe(target);
      source.on('error', () => target.destroy());
      source.on('close', () => {
        open.delete(source);
        target.destroy();
      });
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(listener.address().port);

  /** Closes all connections, and refuses new ones. */
  function cut() {
    up = false;
    for (const socket of open) socket.destroy();
  }
  t.after(() => {
    cut();
    listener.close();
  });
  return {
    url: url.href,
    cut,
    restore() {
      up = true;
    },
  };
}
