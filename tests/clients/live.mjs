// Opens the page of a live list, says on its output what is shown whenever that changes, and ends with its input.
// Takes the URL and Chromium's path.
import { chromium } from "playwright-core";

const [url, executablePath] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args });
const page = await browser.newPage();
await page.exposeFunction("tell", (shown) => console.log(JSON.stringify(shown)));
await page.goto(url);
await page.locator("[role=status]", { hasText: "Live" }).waitFor();
await page.evaluate(() => {
  const list = document.querySelector("ul");
  const read = () => [...list.querySelectorAll("label")].map((label) => {
    return [label.textContent.trim(), label.querySelector("input").checked];
  });
  new MutationObserver(() => window.tell(read())).observe(list, { childList: true });
  window.tell(read());
});
process.stdin.resume();
process.stdin.on("end", async () => {
  await browser.close();
  process.exit(0);
});
