// Signs in on the docs page of a service, and asks it for a list. Prints the status that the list is answered with
// before and after that, and the header that says who asks. Takes the URL, a name, a password and Chromium's path.
import { chromium } from "playwright-core";

const [url, name, password, executablePath] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args });
const page = await browser.newPage();
await page.goto(`${url}/docs`);
await page.locator("[id=operations-tag-customers]").click(); // which are folded, as there are many
const operation = page.locator("[id$=-list_customers]");
await operation.locator("button.opblock-summary-control").click();
await operation.locator(".try-out__btn").click();

async function ask() {
  const asked = page.waitForResponse((response) => response.url().includes("/customers/"));
  await operation.locator(".execute").click();
  const response = await asked;
  return { status: response.status(), sent: await response.request().headerValue("authorization") };
}

const before = await ask();
await page.locator(".scheme-container .btn.authorize").click();
const form = page.locator(".auth-container").first();
await form.locator("input[type=text]").first().fill(name);
await form.locator("input[type=password]").first().fill(password);
await form.locator(".auth-btn-wrapper .authorize").click();
await form.locator("button", { hasText: "Logout" }).waitFor();
await page.locator(".btn-done").click();
const after = await ask();
console.log(JSON.stringify({ before, after }));
await browser.close();
