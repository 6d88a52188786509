// Starts a browser that scripts of this folder share, and prints where it is. Takes Chromium's path; ends with its input.
import { chromium } from "playwright-core";

const [executablePath] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"];
const server = await chromium.launchServer({ executablePath, args, host: "127.0.0.1" });
console.log(server.wsEndpoint());
process.stdin.resume();
process.stdin.on("end", () => server.close());
