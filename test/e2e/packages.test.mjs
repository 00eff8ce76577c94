// install_packages with the real pip, apt and npm, against indexes of this machine.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { Server, eventually } from './support/server.mjs';
import { Agent, textOf } from './support/client.mjs';
import { offer } from './support/images.mjs';
import { Registries, wheel } from './support/registries.mjs';

let registries, server, agent, id;

before(async () => {
  registries = await Registries.start({

    wheels: [wheel('alpha', '1.2.3', ['beta>=2']), wheel('beta', '2.0'), wheel('gamma', '0.1')],
    debs: [['sp-tool', '1.5-1', 'sp-lib (>= 1)'], ['sp-lib', '1.0']],
    modules: [['sp-left', '4.5.6', { 'sp-right': '1.x' }], ['sp-right', '1.0.1']],
  });
  const url = registries.url.replace('//', '//user:word@');
  server = await Server.start({
    ...offer('alpine'), SANDBOX_NETWORK: 'auto', NETWORK_ALLOW: registries.allow, SANDBOX_CPUS: '2', LOG_LEVEL: 'debug',
    PIP_INDEX: `${url}/simple/`, APT_MIRROR: `deb [trusted=yes] ${url}/apt ./`, NPM_REGISTRY: `${registries.url}/npm/`,
  });
  agent = await Agent.connect(server.url);
  id = await agent.container({ image: 'alpine' });
});

after(async () => {
  await agent?.close();
  await server?.stop();
  await registries?.stop();
});

const install = (packages, args = {}) => agent.call('install_packages', { container_id: id, packages, wait_seconds: 45, ...args });
const names = (rows) => rows.map(({ name, version }) => `${name} ${version}`);

test('pip installs what it can with what that needs, and says why the rest failed', async () => {
  const view = await install(['Alpha', 'nosuch', 'gamma==9']);
  assert.equal(view.manager, 'pip');
  assert.deepEqual(names(view.installed), ['alpha 1.2.3', 'beta 2.0']);
  assert.deepEqual(view.failed.map(({ name }) => name), ['nosuch', 'gamma==9']);
  assert.match(view.failed[0].reason, /No matching distribution found for nosuch/);
  assert.match(view.failed[1].reason, /No matching distribution found for gamma==9/);
  const used = await agent.run(id, 'python3 -c "import alpha, beta; print(alpha.version, beta.version)"', { wait_seconds: 20 });
  assert.equal(used.stdout, '1.2.3 2.0\n', used.stderr);
});

test('what is there already is told with its version', async () => {
  const again = await install(['alpha'], { manager: 'pip' });
  assert.deepEqual(names(again.installed), ['alpha 1.2.3']);
  assert.deepEqual(again.failed, []);
});

test('apt installs without capabilities, and its reason is its own line', async () => {
  const view = await install(['sp-tool', 'sp-nosuch'], { manager: 'apt' });
  assert.deepEqual(names(view.installed), ['sp-tool 1.5-1', 'sp-lib 1.0']);
  assert.deepEqual(view.failed, [{ name: 'sp-nosuch', reason: 'Unable to locate package sp-nosuch' }]);
  assert.equal((await agent.run(id, 'sp-tool; sp-lib')).stdout, 'sp-tool 1.5-1\nsp-lib 1.0\n');
});

test('an install that takes long is handed back; the same call again waits for it and tells its end', async () => {
  registries.wheels([wheel('slow', '7')]);
  registries.hold = true;
  const first = await install(['slow'], { wait_seconds: 1 });
  assert.equal(first.state, 'running');
  assert.deepEqual([first.installed, first.failed], [[], []]);
  const second = install(['slow']);
  await eventually('the second waits for the first', async () =>
    (await agent.call('list_commands', { container_id: id })).commands.filter(({ state }) => state === 'running').length === 2);
  registries.release();
  assert.deepEqual(names((await second).installed), ['slow 7']);
  const end = await agent.finish(first.command_id);
  assert.equal(end.exit_code, 0);
  assert.match(end.stdout, /installed\tslow\t7/);
});

test('an install that takes too long is killed, and says so', async () => {
  registries.wheels([wheel('late', '1')]);
  registries.hold = true;
  const killed = await agent.refused('conflict', 'install_packages', { container_id: id, packages: ['late'], wait_seconds: 45, kill_after_seconds: 2 });
  registries.release();
  assert.match(killed.message, /timed_out\); what was installed by then is not known/);
  assert.match(killed.next, /kill_after_seconds/);
  assert.deepEqual(names((await install(['late'])).installed), ['late 1']);
});

test('files of the container need no network, and everything else says which setting allows one', async () => {
  const other = await agent.container({ image: 'alpine', network: 'none' });
  const { file, data } = wheel('local', '0.9');
  await agent.run(other, `base64 -d > ${file}`, { stdin: data.toString('base64') });
  const view = await agent.call('install_packages', { container_id: other, packages: [`./${file}`], wait_seconds: 45 });
  assert.deepEqual(names(view.installed), ['local 0.9']);
  const refused = await agent.refused('conflict', 'install_packages', { container_id: other, packages: ['alpha'] });
  assert.match(refused.next, /create_container\(network="internet"\)/);
});

test('a password of an index is in no log, no list and no environment', async () => {
  await agent.run(id, 'true');
  const listed = textOf(await agent.tool('list_commands', { container_id: id }));
  const later = await agent.run(id, 'env; cat /etc/pip.conf /root/.config/pip/pip.conf /etc/apt/sources.list.d/* 2>/dev/null');
  for (const text of [server.log, listed, later.stdout]) assert.doesNotMatch(text, /user:word|:word@/);
  assert.ok(registries.asked.some(({ auth }) => auth));
});

/** Brings a file into the container. */
async function put(path, body, length) {
  const { url } = await agent.call('get_upload_url', { container_id: id, path });
  const reply = await fetch(url, { method: 'PUT', body, duplex: 'half', headers: { 'content-length': String(length) } });
  assert.ok(reply.ok, await reply.text());
}

test('npm installs into the working directory', async () => {
  /* No image has npm: its own package goes in (a distribution's may lie all over the machine), with the
     node that runs this test. */
  const tar = spawnSync('tar', ['-cz', '-C', join(import.meta.dirname, 'node_modules'), 'npm'], { maxBuffer: 1 << 28 });
  assert.equal(tar.status, 0, String(tar.stderr));
  await put('/opt/npm.tgz', tar.stdout, tar.stdout.length);
  await put('/usr/local/bin/node', createReadStream(process.execPath), statSync(process.execPath).size);
  const ready = await agent.run(id, 'chmod +x /usr/local/bin/node; tar -xzf /opt/npm.tgz -C /opt; ln -s /opt/npm/bin/npm-cli.js /usr/local/bin/npm; node --version', { wait_seconds: 45 });
  assert.equal(ready.exit_code, 0, ready.stderr);

  const view = await install(['sp-left@4', 'sp-nosuch'], { manager: 'npm' });
  assert.deepEqual(names(view.installed), ['sp-left 4.5.6', 'sp-right 1.0.1']);
  assert.equal(view.failed[0].name, 'sp-nosuch');
  assert.match(view.failed[0].reason, /404|not found/i);
  const used = await agent.run(id, 'node -p "require(\'sp-left\')"', { wait_seconds: 20 });
  assert.equal(used.stdout, 'sp-left 4.5.6\n', used.stderr);
});
