// How the driver is spoken to: requests "run LENGTH\n" and that many bytes on descriptor 3, one at a
// time; outcomes on descriptor 4, a line of JSON each, and "done STATUS\n" at the end of each call.
import { createReadStream, write } from 'node:fs';
import { promisify } from 'node:util';

const REQUESTS = 3;
const OUTCOMES = 4;
const REQUEST_MAX = 8 * 1024 * 1024;
const LINE_MAX = 4 * 1024 * 1024;

const writeSome = promisify(write);

async function writeAll(fd, text) {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      const { bytesWritten } = await writeSome(fd, rest);
      rest = rest.subarray(bytesWritten);
    } catch (error) {
      if (error.code !== 'EAGAIN')
        throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** The content, apart from what is said about it: it may be long. */
export function print(text) {
  return writeAll(1, text);
}

/** An outcome. */
export function say(outcome) {
  const line = JSON.stringify(outcome);
  if (Buffer.byteLength(line) >= LINE_MAX)
    throw new Error('an outcome is too long');
  return writeAll(OUTCOMES, `${line}\n`);
}

export function done(status) {
  return writeAll(OUTCOMES, `done ${status}\n`);
}

/** Each request, until nobody asks any more. */
export async function* requests() {
  let data = Buffer.alloc(0);
  let wanted = null;
  for await (const chunk of createReadStream('', { fd: REQUESTS, autoClose: false })) {
    data = Buffer.concat([data, chunk]);
    for (;;) {
      if (wanted === null) {
        const end = data.indexOf('\n');
        if (end < 0)
          break;
        wanted = Number(/^run (\d+)$/.exec(data.subarray(0, end).toString('latin1'))?.[1] ?? NaN);
        if (!(wanted <= REQUEST_MAX))
          throw new Error('not a request');
        data = data.subarray(end + 1);
      }
      if (data.length < wanted)
        break;
      const code = data.subarray(0, wanted);
      data = data.subarray(wanted);
      wanted = null;
      yield code.toString('utf8');
    }
  }
}
