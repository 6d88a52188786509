// Swagger UI reads the whole document again for each operation that is opened, which takes seconds where
// there are many. Here it reads the operation, and the parts that this one refers to: an answer, a page, a
// row, and through two relations those of others. What is further away is shown by its title.
{
  const START = "#/components/";
  const DEPTH = 6;

  /** Copies what stands at a path, or its title alone; returns what the copy refers to. */
  function copy(from, to, path, whole) {
    for (const step of path.slice(0, -1)) {
      from = from?.[step];
      to = to[step] ??= {};
    }
    const last = path.at(-1);
    const value = from?.[last];
    if (value === undefined) return [];
    to[last] = whole ? value : { title: value.title ?? last };
    return referencesIn(to[last]);
  }

  /** The paths of the parts that some JSON refers to. */
  function referencesIn(value) {
    if (typeof value === "string" && value.startsWith(START)) {
      return [value.slice(2).split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))];
    }
    return value && typeof value === "object" ? Object.values(value).flatMap(referencesIn) : [];
  }

  /** The document with nothing but what stands at a path, and the parts that it needs. */
  function cut(spec, path) {
    const part = { ...spec, paths: {}, components: {}, webhooks: {} };
    const item = ["parameters", "servers"].map((name) => ["paths", path[1], name]);
    let waiting = path[0] === "paths" ? [path, ...item] : [path];
    const known = new Set();
    for (let depth = 0; waiting.length; depth++) {
      const found = [];
      for (const here of waiting) {
        const name = JSON.stringify(here);
        if (known.has(name)) continue;
        known.add(name);
        found.push(...copy(spec, part, here, depth < DEPTH));
      }
      waiting = found;
    }
    return part;
  }

  const plugin = {
    afterLoad({ fn }) {
      const resolveSubtree = fn.resolveSubtree;
      this.fn.resolveSubtree = (spec, path, options) =>
        resolveSubtree(path.length ? cut(spec, path) : spec, path, options);
    },
  };
  const bundle = window.SwaggerUIBundle;
  window.SwaggerUIBundle = Object.assign(
    (options) => bundle({ ...options, plugins: [...(options.plugins ?? []), plugin] }),
    bundle,
  );
}
