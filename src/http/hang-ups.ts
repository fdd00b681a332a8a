import type { Socket } from 'node:net';

const works = new WeakMap<Socket, Set<() => void>>();

function worksOf(socket: Socket): Set<() => void> {
  const known = works.get(socket);
  if (known !== undefined) return known;
  const added = new Set<() => void>();
  works.set(socket, added);
  // One listener, however many answers wait for their turn on the connection.
  socket.once('close', () => {
    for (const work of added) work();
  });
  return added;
}

/**
 * Calls `work` when the connection is gone, at once if it is already. Node 22 tells that of the response under way only, and
 * of none that wait behind it. Answers what takes it back.
 */
export function onHangUp(socket: Socket, work: () => void): () => void {
  if (socket.destroyed) {
    work();
    return () => undefined;
  }
  const waiting = worksOf(socket);
  waiting.add(work);
  return () => void waiting.delete(work);
}
