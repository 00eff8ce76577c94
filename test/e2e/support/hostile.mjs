// The hostile program of support/hostile.c: built for any image, and brought into a container.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/* A command may have 28 KiB. */
const piece = 24000;

/** The static program, in base 64. */
export function buildHostile() {
  const dir = mkdtempSync(join(tmpdir(), 'hostile-'));
  const source = new URL('hostile.c', import.meta.url).pathname;
  const made = spawnSync(process.env.MUSL_CC ?? 'musl-gcc', ['-static', '-Os', '-s', '-o', join(dir, 'hostile'), source]);
  assert.equal(made.status, 0, `${made.error ?? made.stderr}`);
  const bytes = readFileSync(join(dir, 'hostile'));
  rmSync(dir, { recursive: true });
  return bytes.toString('base64');
}

/** Puts it to /tmp/hostile of the agent's container. */
export async function installHostile(agent, id, program) {
  for (let i = 0; i < program.length; i += piece)
    await agent.run(id, `printf %s '${program.slice(i, i + piece)}' >> /tmp/b64`);
  await agent.run(id, 'base64 -d /tmp/b64 > /tmp/hostile && chmod +x /tmp/hostile');
}
