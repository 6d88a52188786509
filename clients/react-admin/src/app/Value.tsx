// How the values of each kind are shown.
import CheckIcon from "@mui/icons-material/Check";
import CloseIcon from "@mui/icons-material/Close";
import { Box } from "@mui/material";
import { ReferenceField, useRecordContext } from "react-admin";
import { nameOf, sourceOf, type Kind, type ResourceDescription } from "../description";
import type { AdminRecord } from "../values";
import { useShared } from "./context";
import { placeOf } from "./places";

const SHOWN = 80; // characters of a text in a table

export const isNumeric = (kind: Kind | undefined): boolean =>
  kind === "integer" || kind === "number" || kind === "decimal";

interface Props {
  resource: ResourceDescription;
  name: string;
  isWhole?: boolean;
}

/** One field of the record around it; what it refers to, by the name of that. */
export function Value({ resource, name, isWhole = false }: Props) {
  const record = useRecordContext();
  const { resources } = useShared();
  const source = sourceOf(resource, name);
  const target = resource.picks[name];
  const value: unknown = record?.[source];
  if (target && value !== null && value !== undefined) {
    const link = (referred: AdminRecord) => placeOf(resources.get(target)!, referred);
    return <ReferenceField source={source} reference={target} emptyText={String(value)} label={false} link={link} />;
  }
  return <Plain kind={resource.kinds[name]!} value={value} isWhole={isWhole} />;
}

export function Plain({ kind, value, isWhole = false }: { kind: Kind; value: unknown; isWhole?: boolean }) {
  if (value === null || value === undefined) return <Box component="span" sx={{ color: "text.secondary" }}>–</Box>;
  if (kind === "boolean") return value ? <CheckIcon titleAccess="Yes" fontSize="small" /> : <CloseIcon titleAccess="No" fontSize="small" />;
  if (kind === "datetime") return <time dateTime={String(value)} title={String(value)}>{showMoment(String(value))}</time>;
  if (kind === "JSON" && isWhole) return <Box component="pre" sx={{ m: 0, whiteSpace: "pre-wrap" }}>{String(value)}</Box>;
  const text = kind === "JSON" ? String(value).replaceAll(/\s*\n\s*/g, " ") : String(value);
  if (isWhole) return <Box component="span" sx={{ overflowWrap: "anywhere" }}>{text}</Box>;
  if (isNumeric(kind)) return <Box component="span" sx={{ whiteSpace: "nowrap" }}>{text}</Box>;
  const short = shorten(text);
  return short === text ? <span>{text}</span> : <span title={text}>{short}</span>;
}

/** The beginning of a text, where it would take the room of everything else. */
function shorten(text: string): string {
  if (text.length <= SHOWN) return text;
  const letters = Array.from(text);
  return letters.length <= SHOWN ? text : `${letters.slice(0, SHOWN).join("")}…`;
}

/** What a row is called among others. */
export const callRow = (resource: ResourceDescription, record: Record<string, unknown>): string =>
  shorten(String(record[sourceOf(resource, nameOf(resource))] || record.id));

function showMoment(text: string): string {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return text;
  return moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}
