// Package indexes of this machine, with packages made by hand: a simple index for pip, a repository for
// apt, a registry for npm; all behind one address that containers are allowed to reach.
import { createServer } from 'node:http';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import assert from 'node:assert/strict';
import { Here } from './here.mjs';

/** A zip of texts, stored: what a wheel is. */
function zip(files) {
  const parts = [], central = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const body = Buffer.from(text);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0); // version needed; no flags, stored, no time
    head.writeUInt16LE(33, 8); // 1 January 1980
    head.writeUInt32LE(crc32(body), 10);
    head.writeUInt32LE(body.length, 14);
    head.writeUInt32LE(body.length, 18);
    head.writeUInt16LE(Buffer.byteLength(name), 22);
    const entry = Buffer.concat([Buffer.from('PK\x01\x02\x14\0', 'latin1'), head, Buffer.alloc(14), Buffer.from(name)]);
    entry.writeUInt32LE(at, 42);
    central.push(entry);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), head, Buffer.from(name), body]);
    parts.push(local);
    at += local.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(central.reduce((sum, entry) => sum + entry.length, 0), 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...central, end]);
}

/** A wheel of one module that knows its version; needs: what else it wants. */
export function wheel(name, version, needs = []) {
  const info = `${name}-${version}.dist-info`;
  const metadata = ['Metadata-Version: 2.1', `Name: ${name}`, `Version: ${version}`,
    ...needs.map((need) => `Requires-Dist: ${need}`)].join('\n');
  return { file: `${name}-${version}-py3-none-any.whl`, data: zip({
    [`${name}.py`]: `version = "${version}"\n`,
    [`${info}/METADATA`]: `${metadata}\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: `${name}.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
  }) };
}

const digest = (kind, data, form) => createHash(kind).update(data).digest(form);

/** A package for apt that puts a program in /usr/bin. */
function deb(dir, name, version, depends = '') {
  const root = join(dir, name);
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  const about = [`Package: ${name}`, `Version: ${version}`, 'Architecture: all', 'Maintainer: nobody <nobody@localhost>',
    ...(depends ? [`Depends: ${depends}`] : []), `Description: ${name}`].join('\n');
  writeFileSync(join(root, 'DEBIAN/control'), `${about}\n`);
  writeFileSync(join(root, 'usr/bin', name), `#!/bin/sh\necho ${name} ${version}\n`, { mode: 0o755 });
  const made = spawnSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '-b', root, join(dir, `${name}.deb`)], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const data = readFileSync(join(dir, `${name}.deb`));
  return { file: `${name}.deb`, data, entry: `${about}\nFilename: ./${name}.deb\nSize: ${data.length}\nSHA256: ${digest('sha256', data, 'hex')}\n` };
}

/** A tar of texts below package/: what npm takes. */
function tgz(files) {
  const blocks = [];
  for (const [name, text] of Object.entries(files)) {
    const body = Buffer.from(text);
    const head = Buffer.alloc(512);
    head.write(`package/${name}`, 0);
    head.write(['0000644', '0000000', '0000000', body.length.toString(8).padStart(11, '0'), '00000000000'].join('\0'), 100, 'latin1');
    head.write('        0', 148, 'latin1'); // the sum is taken over spaces; a plain file
    head.write('ustar', 257, 'latin1');
    head.write('00', 263, 'latin1');
    head.write(`${head.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    blocks.push(head, body, Buffer.alloc((512 - (body.length % 512)) % 512));
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

export class Registries {
  /** wheels: what pip finds; debs, modules: [name, version, needs] of apt and npm.  pip's and apt's
   *  ask for a password, any. */
  static async start({ wheels = [], debs = [], modules = [] } = {}) {
    const registries = new Registries();
    registries.dir = mkdtempSync(join(tmpdir(), 'sp-registries-'));
    registries.asked = [];
    registries.held = []; // answers kept back while `hold` is set
    registries.files = new Map();
    registries.wheels(wheels);
    registries.debs(debs);
    registries.here = await Here.listen(createServer((request, reply) => registries.#answer(request, reply)));
    registries.modules(modules); // their URLs name the address
    return registries;
  }

  get url() { return this.here.url; }
  get allow() { return this.here.allow; }

  wheels(list) {
    for (const { file, data } of list) {
      const name = file.split('-')[0];
      this.files.set(`/simple/${name}/`, `<a href="/wheels/${file}#sha256=${digest('sha256', data, 'hex')}">${file}</a>`);
      this.files.set(`/wheels/${file}`, data);
    }
  }

  debs(list) {
    const made = list.map(([name, version, needs]) => deb(this.dir, name, version, needs));
    for (const { file, data } of made) this.files.set(`/apt/${file}`, data);
    const packages = made.map(({ entry }) => entry).join('\n');
    this.files.set('/apt/Packages', packages);
    this.files.set('/apt/Release', `Date: ${new Date().toUTCString()}\nSHA256:\n ${digest('sha256', packages, 'hex')} ${packages.length} Packages\n`);
  }

  modules(list) {
    for (const [name, version, dependencies = {}] of list) {
      const about = { name, version, main: 'index.js', dependencies };
      const data = tgz({ 'package.json': JSON.stringify(about), 'index.js': `module.exports = '${name} ${version}';\n` });
      const dist = { tarball: `${this.url}/npm/${name}.tgz`, integrity: `sha512-${digest('sha512', data, 'base64')}`, shasum: digest('sha1', data, 'hex') };
      this.files.set(`/npm/${name}`, JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: { ...about, dist } } }));
      this.files.set(`/npm/${name}.tgz`, data);
    }
  }

  #answer(request, reply) {
    const path = decodeURIComponent(new URL(request.url, 'http://x').pathname);
    this.asked.push({ path, auth: request.headers.authorization });
    const body = this.files.get(path);
    const give = () => {
      /* npm takes no password from a URL. */
      if (!path.startsWith('/npm/') && !request.headers.authorization) reply.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      else if (body === undefined) reply.writeHead(404).end('Not Found');
      else reply.writeHead(200, { 'content-type': path.startsWith('/npm/') && !path.endsWith('.tgz') ? 'application/json' : path.endsWith('/') ? 'text/html' : 'application/octet-stream' }).end(body);
    };
    if (this.hold) this.held.push(give);
    else give();
  }

  /** Lets everything go that was held back. */
  release() {
    this.hold = false;
    for (const give of this.held.splice(0)) give();
  }

  async stop() {
    this.release();
    await this.here.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
