// The images that `make image-store` has left, as settings of a server: used in place, so that no server
// needs a copy of its own.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import assert from 'node:assert/strict';

const images = join(dirname(process.env.SANDPOD), '..', 'images');

/** What a server needs to offer these by name: `Server.start({ ...offer('python') })`. */
export function offer(...names) {
  for (const name of names)
    assert.ok(existsSync(join(images, `${name}.stored`)), `the image "${name}" is not built: make image-store`);
  return {
    IMAGE_STORE: join(images, 'store'),
    SANDBOX_IMAGES: names.map((name) => `${name}=localhost/sandpod-${name}`).join(','),
  };
}
