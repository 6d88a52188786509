// Visits pages of the site on two widths, light and dark, and searches. Prints what was asked of other machines,
// errors, pages that are wider than the screen, the scheme of each mode, what a search finds and how many operations
// the page of the service shows. Takes the URL, Chromium's path and the paths of pages.
import { chromium } from "playwright-core";

const [url, executablePath, ...paths] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"];
const PATIENCE_MS = 120_000; // the machine may be busy
const browser = await chromium.launch({ executablePath, args });
const seen = { foreign: [], errors: [], "wider than the screen": [], schemes: {}, found: "", operations: 0 };

async function open(width, colorScheme) {
  const page = await browser.newPage({ viewport: { width, height: 850 }, colorScheme });
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("request", (request) => {
    if (/^\w+:\/\//.test(request.url()) && !request.url().startsWith(url)) seen.foreign.push(request.url());
  });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  return page;
}

for (const [width, colorScheme] of [[1280, "light"], [390, "dark"]]) {
  const page = await open(width, colorScheme);
  for (const path of paths) {
    await page.goto(url + path.slice(1));
    await page.locator("h1").first().waitFor();
    const isWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    if (isWide) seen["wider than the screen"].push([path, width]);
  }
  await page.locator(`body[data-md-color-scheme=${colorScheme === "dark" ? "slate" : "default"}]`).waitFor();
  seen.schemes[colorScheme] = await page.locator("body").getAttribute("data-md-color-scheme");
  await page.close();
}

const page = await open(1280, "light");
await page.goto(`${url}reference/service/`);
const service = page.frameLocator("iframe.service");
await service.locator(".opblock").first().waitFor();
seen.operations = await service.locator(".opblock").count();
await page.keyboard.press("Control+k");
await page.keyboard.type("cursor pagination");
const result = page.getByRole("option", { name: /^Cursor pagination/ }).first();
await result.waitFor();
seen.found = await result.textContent();
console.log(JSON.stringify(seen));
await browser.close();
