// Builds the admin application into the package that serves it: one script, its icon, the notices of what is bundled,
// and a manifest with the hash of the sources. Run by `make admin`.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const home = dirname(fileURLToPath(import.meta.url));
const target = join(home, "../../src/modelwire/web/admin/static");

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

async function listSources() {
  const entries = await readdir(join(home, "src"), { recursive: true, withFileTypes: true });
  const files = entries.filter((e) => e.isFile()).map((e) => relative(home, join(e.parentPath, e.name)));
  return [...files, "build.mjs", "package.json", "package-lock.json", "tsconfig.json"].sort();
}

// As the test does: the hash of the lines "<sha256>  <path>", in the order of the paths.
async function hashSources() {
  const lines = [];
  for (const file of await listSources()) {
    lines.push(`${hash(await readFile(join(home, file)))}  ${file}\n`);
  }
  return hash(lines.join(""));
}

async function findNotices(inputs) {
  const folders = new Set();
  for (const input of Object.keys(inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) folders.add(found[1]);
  }
  const notices = [];
  for (const folder of [...folders].sort()) {
    const about = JSON.parse(await readFile(join(home, folder, "package.json"), "utf8"));
    const files = (await readdir(join(home, folder))).filter((f) => /^(licen[cs]e|notice)/i.test(f));
    const texts = await Promise.all(files.sort().map((f) => readFile(join(home, folder, f), "utf8")));
    const head = `${about.name} ${about.version} (${about.license ?? "see below"})`;
    notices.push([head, ...texts.map((t) => t.trim())].join("\n\n"));
  }
  return notices.join(`\n\n${"-".repeat(80)}\n\n`) + "\n";
}

const built = await build({
  absWorkingDir: home,
  entryPoints: ["src/main.tsx"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  banner: { js: "// The notices of what is bundled here stand in THIRD-PARTY-….txt beside this file." },
  define: { "process.env.NODE_ENV": '"production"' },
  metafile: true,
  write: false,
});

const script = built.outputFiles[0].contents;
const icon = await readFile(join(home, "src/admin.svg"));
const notices = await findNotices(built.metafile.inputs);
const files = new Map([
  [`admin-${hash(script).slice(0, 16)}.js`, script],
  [`icon-${hash(icon).slice(0, 16)}.svg`, icon],
  [`THIRD-PARTY-${hash(notices).slice(0, 16)}.txt`, notices],
]);
await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
for (const [name, bytes] of files) await writeFile(join(target, name), bytes);
const names = [...files.keys()];
const manifest = { script: names[0], icon: names[1], files: names, sources: await hashSources() };
await writeFile(join(target, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
const size = [...files.values()].reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
console.log(`${names[0]}: ${script.length} bytes; all files gzipped: ${size} bytes`);
