// Reads what a run of the suite left behind, and is stricter than it: the suite counts no warnings
// and none of the scenarios that it does not score.
//
//   node report.mjs FOLDER [product]
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// What may be skipped, and why.
const skippable = {
  'tasks-status-notifications': 'the suite makes no traffic for it',
  ...(process.argv[3] === 'product' ? { caching: 'no file is shared, so that no resource is listed' } : {}),
};

const folder = process.argv[2];
const counts = {};
let bad = 0;
for (const name of readdirSync(folder).sort()) {
  const scenario = name.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '');
  for (const check of JSON.parse(readFileSync(join(folder, name, 'checks.json'), 'utf8'))) {
    counts[check.status] = (counts[check.status] ?? 0) + 1;
    if (check.status === 'SUCCESS' || check.status === 'INFO') continue;
    const excuse = check.status === 'SKIPPED' ? skippable[scenario] : undefined;
    if (!excuse) bad++;
    console.log(`${check.status} ${scenario} ${check.id}: ${excuse ?? check.errorMessage ?? JSON.stringify(check.details ?? {})}`);
  }
}
console.log(`checks: ${Object.entries(counts).map(([status, n]) => `${n} ${status}`).join(', ')}`);
process.exit(bad ? 1 : 0);
