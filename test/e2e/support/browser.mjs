// Chromium, as the distribution has it: what a real browser makes of what we serve.
import { chromium } from 'playwright-core';

export function openBrowser() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** A tab in a profile of its own, with notes of what it did: requests, dialogs, windows. */
export async function openTab(browser, options = {}) {
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  const tab = await context.newPage();
  tab.asked = [];
  tab.dialogs = [];
  context.on('request', (request) => {
    if (!request.url().endsWith('/favicon.ico')) tab.asked.push(request.url());
  });
  tab.on('dialog', (dialog) => { tab.dialogs.push(dialog.message()); dialog.dismiss().catch(() => {}); });
  tab.end = () => context.close();
  return tab;
}
