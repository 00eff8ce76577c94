// The images that create_container may name: which there are, what happens to those that cannot be had,
// and that the programs promised by ours work behind all the walls.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { Server, eventually } from './support/server.mjs';
import { Agent } from './support/client.mjs';
import { offer } from './support/images.mjs';

const builtin = join(dirname(process.env.SANDPOD), 'builtin.tar');
const ours = offer('alpine', 'python', 'web');
let server, agent;

before(async () => {
  server = await Server.start({ ...ours, SANDBOX_MEMORY: '1g', SANDBOX_PIDS: '400', SANDBOX_CPUS: '2',
    SANDBOX_IMAGES: `${ours.SANDBOX_IMAGES},mini=${builtin},lost=/nowhere/at-all.tar` });
  agent = await Agent.connect(server.url);
});

after(async () => {
  await agent?.close();
  await server?.stop();
});

/** Runs a script in a container of that image; gives what it printed. */
async function inside(image, script) {
  const view = await agent.call('create_container', { image, pids: 100, ...(image === 'web' ? { pids: 400 } : { memory_mb: 256 }) });
  const done = await agent.run(view.container_id, `set -e\n${script}`, { wait_seconds: 45 });
  await agent.call('destroy_container', { container_id: view.container_id });
  assert.equal(done.exit_code, 0, `${done.stdout}\n${done.stderr}`);
  return { view, out: done.stdout };
}

test('create_container lists the images, and refuses another with the list', async () => {
  const { tools } = await agent.client.listTools();
  const { image } = tools.find((tool) => tool.name === 'create_container').inputSchema.properties;
  assert.deepEqual(image.enum.slice(1), ['alpine', 'python', 'web', 'mini', 'lost']);
  assert.equal(image.default, image.enum[0]);
  await assert.rejects(agent.call('create_container', { image: 'debian' }), /debian.*it may be .*\(the default\), alpine, python, web, mini, lost/);
});

test('an image of a tar is made while the server serves; one that cannot be had says why, and /ready tells', async () => {
  const ready = async () => (await fetch(new URL('/ready', server.url))).json();
  await eventually('the tar is imported', async () => (await ready()).images.mini === 'ok');
  const { view, out } = await inside('mini', 'cat /etc/os-release');
  assert.equal(view.image, 'mini');
  assert.match(out, /ID=sandpod-builtin/);
  await eventually('the lost one was tried', () => server.log.includes('lost cannot be had'));
  const { status, images } = await ready();
  assert.deepEqual([status, images], ['ready', { alpine: 'ok', python: 'ok', web: 'ok', mini: 'ok', lost: 'unavailable' }]);
  await assert.rejects(agent.call('create_container', { image: 'lost' }), /"lost" cannot be used at present: .*No such file/);
});

test('alpine: the programs that agents reach for first are there and work', async () => {
  const { view, out } = await inside('alpine', `
    for p in bash curl file git jq less make nano nc patch pip pip3 ps python python3 rg rsync sqlite3 ssh tree unzip wget xz zip
    do command -v $p >/dev/null || { echo "$p is missing"; exit 1; }; done
    mkdir r && cd r && git init -q && echo hallo > a && git add a && git commit -qm first && git log --oneline | wc -l
    curl --version | head -c 4; echo
    echo '{"a":[1,2]}' | jq -c .a
    python3 -c 'print(sum(range(10)), "\\N{SNOWMAN}")'
    pip --version | cut -d' ' -f1
    python3 -m venv /tmp/v && /tmp/v/bin/python -c 'import sys; print(sys.prefix)'`);
  assert.deepEqual(out.trim().split('\n'), ['1', 'curl', '[1,2]', '45 ☃', 'pip', '/tmp/v']);
  for (const word of ['bash', 'git', 'curl', 'jq']) assert.ok(view.runtimes.includes(word), `${word}: ${view.runtimes}`);
  assert.ok(view.runtimes.some((word) => word.startsWith('python3')), `${view.runtimes}`);
});

test('alpine: packages can be installed by pip and dpkg, as root without capabilities', async () => {
  const { out } = await inside('alpine', `
    mkdir -p p/DEBIAN p/usr/bin p/var/mail && printf 'Package: greet\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@x>\\nDescription: x\\n' > p/DEBIAN/control
    printf '#!/bin/sh\\necho from dpkg\\n' > p/usr/bin/greet && chmod 755 p/usr/bin/greet
    dpkg-deb -b p greet.deb >/dev/null && apt-get install -y ./greet.deb >log 2>&1 || { cat log; exit 1; }
    greet
    mkdir q && printf 'from setuptools import setup\\nsetup(name="said", version="1", py_modules=["said"])\\n' > q/setup.py && echo 'word = "from pip"' > q/said.py
    pip install -q --no-build-isolation ./q && python3 -c 'import said; print(said.word)'`);
  assert.deepEqual(out.trim().split('\n').slice(-2), ['from dpkg', 'from pip']);
});

test('python: numpy, pandas, matplotlib and Pillow are there, and draw', async () => {
  const { out } = await inside('python', `cat > t.py <<'END'
import matplotlib, numpy, pandas, PIL.Image
import matplotlib.pyplot as plt
frame = pandas.DataFrame({"x": numpy.arange(5), "y": numpy.arange(5) ** 2})
print(frame.y.sum())
frame.plot(x="x", y="y")
plt.savefig("plot.png", dpi=50)
picture = PIL.Image.open("plot.png")
print(picture.format, *picture.size)
END
python3 t.py`);
  assert.deepEqual(out.trim().split('\n'), ['30', 'PNG 320 240']);
});

test('web: Chromium runs without a sandbox of its own, Node.js runs, and the driver is in its place', async () => {
  const { view, out } = await inside('web', `
    chromium --version | cut -d' ' -f1
    node -e 'console.log(Number(process.versions.node.split(".")[0]) >= 18)'
    node --check /usr/lib/sandpod/web/driver.js && ls -d /usr/lib/sandpod/web/node_modules/playwright-core
    chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --dump-dom 'data:text/html,<p>drawn<script>document.body.append(6*7)</script>' 2>/dev/null`);
  assert.match(out, /^Chromium\ntrue\n\/usr\/lib\/sandpod\/web\/node_modules\/playwright-core\n/);
  assert.match(out, /<\/p>42</);
  assert.ok(view.runtimes.some((word) => word.startsWith('node')), `${view.runtimes}`);
});

test('no image fills the memory of a container with its /etc, or brings what nobody reads', async () => {
  for (const image of ['alpine', 'python', 'web']) {
    const { out } = await inside(image, `df -k /etc | awk 'NR == 2 { print $3 }'; find /usr/share/man /usr/share/locale /var/lib/apt/lists -type f | wc -l`);
    const [kib, files] = out.trim().split('\n').map(Number);
    assert.ok(kib < 1280, `${image}: ${kib} KiB`);
    assert.equal(files, 0, image);
  }
});

test('a program that is missing names its package, from the image\'s own index, and the call that installs it', async () => {
  const view = await agent.call('create_container', { image: 'alpine' });
  const { hint } = await agent.run(view.container_id, 'htop');
  assert.match(hint, /^htop is not in this image; .*install_packages\(container_id="c-\w+", manager="apt", packages=\["htop"\]\)/);
  assert.match(hint, /SANDBOX_NETWORK=internet/, 'which setting would allow it');
  const other = await agent.run(view.container_id, 'bash -c "pdftotext x"');
  assert.match(other.hint, /packages=\["poppler-utils"\]/, 'another name than the program\'s');
  assert.deepEqual((await agent.call('check_command', { command_id: other.command_id })).hint, other.hint, 'also later');
  const code = await agent.refused('not_found', 'run_code', { container_id: view.container_id, code: '1', language: 'javascript', wait_seconds: 20 });
  assert.match(code.message, /node is not in this image; .*install_packages\(container_id="c-\w+", manager="apt", packages=\["nodejs"\]\) brings it$/);
  const typo = await agent.run(view.container_id, 'gti status');
  assert.match(typo.hint, /^gti is not in this image, nor in any package of its distribution; there are: .*git/);
  await agent.call('destroy_container', { container_id: view.container_id });
});

test('an index that a tenant has written says nothing that is no name, and keeps nobody waiting', async () => {
  const view = await agent.call('create_container', { image: 'alpine' });
  const index = '/usr/share/sandpod/programs';
  const run = (command) => agent.run(view.container_id, command);
  await run(`printf 'one x"]) and run: rm -rf /\\ntwo two-tools\\nlonger %0200d\\nthree -y\\n' 0 > ${index}`);
  assert.match((await run('one')).hint, /^one is not in this image, nor/);
  assert.match((await run('two')).hint, /packages=\["two-tools"\]/);
  assert.match((await run('three')).hint, /^three is not in this image, nor/);
  for (const [program, change] of [['four', `rm ${index}; mkfifo ${index}`], ['five', `rm ${index}; ln -s /dev/zero ${index}`],
    ['six', `rm ${index}; yes 'six 6 6 6' | head -c 9000000 > ${index}`], ['seven', `rm -r ${index}`]]) {
    await run(change);
    assert.match((await run(program)).hint, new RegExp(`packages=\\["${program}"\\]\\) brings it if its package is called the same`), program);
  }
  await agent.call('destroy_container', { container_id: view.container_id });
});
