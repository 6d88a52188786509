// Opens the docs page of a service, and a list in it. Prints the seconds of work that each took, and the
// names of the parameters in their order, and what is sent where nothing is filled in. Takes the URL and Chromium's path.
import { chromium } from "playwright-core";

const [url, executablePath] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args });
const page = await browser.newPage();
const session = await page.context().newCDPSession(page);
await session.send("Performance.enable", { timeDomain: "threadTicks" });

async function work() {
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find((metric) => metric.name === "TaskDuration").value;
}

await page.goto(`${url}/docs`);
const tag = page.locator("[id$=-tag-chain24]");
await tag.waitFor();
const opened = await work();
await tag.click();
const operation = page.locator("[id$=-list_chain24]");
await operation.locator("button.opblock-summary-control").click();
await operation.locator(".parameters").first().waitFor();
await operation.locator(".responses-table .model-example").first().waitFor();
const detailed = await work();
const names = await operation.locator(".parameter__name").allTextContents();
const errors = await page.locator(".errors-wrapper").allTextContents();
const example = await operation.locator(".responses-table .model-example").first().textContent();
await operation.locator(".try-out__btn").click();
await operation.locator(".execute").click();
const sent = await operation.locator(".request-url pre").textContent();
console.log(JSON.stringify({ opened, details: detailed - opened, names, errors, example, sent }));
await browser.close();
