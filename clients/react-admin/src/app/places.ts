// Where the pages of rows are.
import { can, type ResourceDescription } from "../description";
import { hasPath, type AdminRecord } from "../values";

/** The page that a row leads to: where it is changed, or else only shown; false if there is none. */
export function placeOf(resource: ResourceDescription, { id }: Pick<AdminRecord, "id">, isOnlyShown = false): string | false {
  if (!resource.operations.includes("read")) return false;
  const isEdited = !isOnlyShown && can(resource, "update") && hasPath(resource, id);
  return `/${resource.name}/${writeSegment(id)}${isEdited ? "" : "/show"}`;
}

// Segments that lead elsewhere.
const TAKEN = new Set(["", ".", "..", "create"]);

/** A key as a segment of an address: without `%`, which browsers and routers read each in their own way. */
function writeSegment(key: string | number): string {
  const text = String(key);
  if (!TAKEN.has(text)) return encodeURIComponent(text).replaceAll("~", "%7E").replaceAll("%", "~");
  return text ? `~${text.charCodeAt(0).toString(16)}${text.slice(1)}` : "~";
}

/** The key that a segment stands for. */
export function readSegment(segment: string): string {
  if (segment === "~") return "";
  try {
    return decodeURIComponent(segment.replaceAll("~", "%"));
  } catch {
    return segment;
  }
}
