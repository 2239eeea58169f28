// A browser, pages that record everything that goes wrong in them, and the fixture host's remote control.

import { mkdtempSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const url = process.env.DASHBOARD_URL;
export const control = process.env.DASHBOARD_CONTROL;
export const skipWithoutUrl = url ? false : 'DASHBOARD_URL is not set; see README.md';
export const skipWithoutFixtures = url && control ? false : 'DASHBOARD_CONTROL is not set; see README.md';

const folder = process.env.DASHBOARD_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'dashboard-'));
mkdirSync(folder, { recursive: true });

let shared;

export async function browser() {
  shared ??= await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  return shared;
}

export const closeBrowser = async () => shared?.close();

export async function tell(path) {
  const response = await fetch(`${control}${path}`, { method: 'POST' });
  if (!response.ok) throw new Error(`${path}: the fixture host answered ${response.status}`);
}

export const event = (task, kind, text) => tell(`/event?${new URLSearchParams({ task, kind, text })}`);

/** Opens the page in a context of its own. `problems` collects console errors, exceptions, policy violations and requests that leave the origin. */
export async function open({ width = 1280, height = 900, scheme = 'light', hash = '', ...more } = {}) {
  const context = await (await browser()).newContext({ viewport: { width, height }, colorScheme: scheme, locale: 'en-US', timezoneId: 'UTC', ...more });
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
  page.on('request', (request) => new URL(request.url()).origin !== new URL(url).origin && problems.push(`request to ${request.url()}`));
  await page.exposeFunction('reportViolation', (text) => problems.push(`policy: ${text}`));
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (e) => window.reportViolation(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`)));
  await page.goto(`${url}/${hash}`);
  await page.waitForFunction(() => document.getElementById('connection').dataset.state === 'live' && (!document.getElementById('tasks').hidden || !document.getElementById('welcome').hidden));
  return { page, problems, close: () => context.close(), picture: (name) => page.screenshot({ path: join(folder, `${name}.png`), fullPage: true }) };
}

/** Texts whose contrast with what is behind them is below 4.5:1, as computed by the browser. */
export const poorContrast = (page) => page.evaluate(() => {
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const parse = (text) => {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = text;
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map((i) => (top[i] * top[3]) + (under[i] * (1 - top[3])));
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const layer = parse(getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reduceRight((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const luminance = (colour) => colour.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + (v * [0.2126, 0.7152, 0.0722][i]), 0);
  const found = [];
  let seen = 0;
  for (const element of document.body.querySelectorAll('*')) {
    const text = [...element.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE).map((n) => n.data.trim()).join('');
    if (!text || element.closest('noscript') || element.getClientRects().length === 0) continue;
    seen++;
    const back = behind(element);
    const front = over(parse(getComputedStyle(element).color), back);
    const [a, b] = [luminance(front), luminance(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(`"${text.slice(0, 40)}" (${element.className || element.tagName}): ${ratio.toFixed(2)}`);
  }
  return { seen, found };
});

/** Whether a chart's canvas has something drawn on it. */
export const inked = (page, selector) => page.evaluate((which) => {
  const canvas = document.querySelector(`${which} canvas`);
  if (!canvas) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, index) => index % 4 === 3 && value > 0);
}, selector);
