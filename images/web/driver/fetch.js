// One GET for a search provider's interface, by the same policy as pages, without a browser.
import { request as httpRequest } from 'node:http';
import { connect as tlsConnect } from 'node:tls';
import { createGunzip } from 'node:zlib';
import { Failure } from './failure.js';
import { plainHost } from './policy.js';

const BODY_MAX = 4 * 1024 * 1024;

function secure(socket, host) {
  return new Promise((resolve, reject) => {
    const tls = tlsConnect({ socket, servername: /[a-z]/i.test(host) ? host : undefined, ALPNProtocols: ['http/1.1'] },
      () => resolve(tls));
    tls.once('error', (error) => reject(new Failure('tls', `no secure connection to ${host}: ${error.message}`)));
  });
}

async function bodyOf(answer) {
  const stream = answer.headers['content-encoding'] === 'gzip' ? answer.pipe(createGunzip()) : answer;
  const chunks = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > BODY_MAX)
      throw new Failure('too_large', `the answer has more than ${BODY_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** { status, headers, body }; redirects are not followed. */
export async function get(url, headers, policy, deadline) {
  const host = plainHost(url.hostname);
  const isSecure = url.protocol === 'https:';
  let socket = await deadline.hold(policy.connect(host, Number(url.port || (isSecure ? 443 : 80))));
  try {
    if (isSecure)
      socket = await deadline.hold(secure(socket, host));
    const request = httpRequest({ createConnection: () => socket, path: `${url.pathname}${url.search}`,
      headers: { host: url.host, 'accept-encoding': 'gzip', connection: 'close', ...headers } });
    const answer = await deadline.hold(new Promise((resolve, reject) => {
      request.once('socket', (used) => used.resume());
      request.once('response', resolve);
      request.once('error', (error) => reject(new Failure('bad_answer', `${host} sent no proper answer: ${error.message}`)));
      request.end();
    }));
    answer.on('error', () => {});
    return { status: answer.statusCode, headers: answer.headers, body: await deadline.hold(bodyOf(answer)) };
  } finally {
    socket.destroy();
  }
}
