// The control for each kind of field.
import { TextField } from "@mui/material";
import { useEffect, useState } from "react";
import {
  AutocompleteArrayInput, AutocompleteInput, BooleanInput, NullableBooleanInput, PasswordInput, ReferenceArrayInput,
  ReferenceInput, SelectInput, TextInput, required, useInput, useRecordContext, type InputProps, type Validator,
} from "react-admin";
import { nameOf, type FieldDescription, type Kind, type ResourceDescription } from "../description";
import { parseJSON } from "../values";
import { labelOf, toWords, useDescription } from "./context";

const LONG = 255; // characters from which a text gets room for several lines
const LONG_NAMES = /^(about|bio|body|comment|content|description|message|notes?|summary|text)$/i;
const FOUND = 25; // rows that a picker offers

interface Props {
  resource: ResourceDescription;
  name: string;
  source: string;
  isNew?: boolean;
  /** Whether any value will do, as where one is compared with. */
  isFilter?: boolean;
  /** Whether many rows get the value, so that none of theirs is there to begin with. */
  isForMany?: boolean;
}

/** The control of a field. */
export function FieldInput({ resource, name, source, isNew = false, isFilter = false, isForMany = false }: Props) {
  const stored: unknown = useRecordContext()?.[source];
  const field = resource.fields[name]!;
  const kind = resource.kinds[name]!;
  const label = isFilter ? "Value" : labelOf(resource, name);
  const isNeeded =
    isFilter || (field.required && (isNew || !field.write_only)) || (isForMany && !field.nullable && kind !== "text");
  const validate: Validator[] = [...(isNeeded ? [required()] : []), ...syntaxOf(kind)];
  const isHidden = field.write_only === true && !isFilter;
  const hint = isHidden && !isNew ? "Never shown. Leave it empty to keep it." : (field.description ?? hintOf(kind));
  const helperText = isFilter ? false : hint;
  const shared = { source, label, validate, helperText, fullWidth: true };
  const target = resource.picks[name];
  if (target) return <Picker {...shared} target={target} />;
  if (isHidden && kind === "text") return <PasswordInput {...shared} inputProps={{ autoComplete: "new-password" }} />;
  // What a new row gets by itself, only the server knows.
  const isUnknown = isNew && !field.required && field.default === undefined;
  switch (kind) {
    case "enum":
      return <SelectInput {...shared} choices={choicesOf(field)} {...(field.nullable ? { emptyText: "None" } : {})} />;
    case "boolean":
      return field.nullable || isFilter || isHidden || isUnknown ? (
        <NullableBooleanInput {...shared} nullLabel={isUnknown ? "Default" : "None"} trueLabel="Yes" falseLabel="No" />
      ) : (
        <BooleanInput {...shared} />
      );
    case "datetime":
    case "local":
      return <MomentInput {...shared} hasZone={kind === "datetime"} />;
    case "date":
      return <TextInput {...shared} type="date" {...STANDING} inputProps={{ max: LAST_DAY }} />;
    case "time":
      return <TextInput {...shared} type="time" {...STANDING} format={toMillis} inputProps={{ step: 1 }} />;
    case "integer":
      return <TextInput {...shared} inputProps={{ inputMode: "numeric" }} />;
    case "number":
    case "decimal":
      return <TextInput {...shared} inputProps={{ inputMode: "decimal" }} />;
    case "JSON":
      return <TextInput {...shared} multiline minRows={3} maxRows={20} inputProps={{ spellCheck: false }} sx={{ "& textarea": { fontFamily: "ui-monospace, monospace" } }} />;
    default:
      return <TextInput {...shared} multiline={!isFilter && (isLong(name, field) || hasLines(stored))} {...(field.nullable || isFilter ? {} : { parse: (text: string) => text })} />;
  }
}

const STANDING = { InputLabelProps: { shrink: true } };

const isLong = (name: string, field: FieldDescription): boolean =>
  (field.maxLength ?? 0) > LONG || (field.maxLength === undefined && LONG_NAMES.test(name));

// A control of one line would take the ends of the others away.
const hasLines = (value: unknown): boolean => typeof value === "string" && /[\r\n]/.test(value);

// Of other texts, words could leave out what tells two of them apart.
const labelOfChoice = (value: string): string => (/^[a-z\d_]+$/.test(value) ? toWords(value) : value);

const choicesOf = (field: FieldDescription) =>
  (field.enum ?? []).map((value) => ({ id: value, name: labelOfChoice(String(value)) }));

const hintOf = (kind: Kind): string | false => (kind === "interval" ? "As in PT1H30M" : false);

function syntaxOf(kind: Kind): Validator[] {
  if (kind === "integer") return [wholeNumber];
  if (kind === "number" || kind === "decimal") return [anyNumber];
  return kind === "JSON" ? [someJSON] : [];
}

const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === "";
const wholeNumber: Validator = (value: unknown) =>
  isEmpty(value) || /^[+-]?\d+$/.test(String(value).trim()) ? undefined : "Must be a whole number";
const anyNumber: Validator = (value: unknown) =>
  isEmpty(value) || /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(String(value).trim()) ? undefined : "Must be a number";
const someJSON: Validator = (value: unknown) => {
  if (isEmpty(value)) return undefined;
  try {
    parseJSON(String(value));
    return undefined;
  } catch (error) {
    return `This is no JSON: ${(error as Error).message}`;
  }
};

interface PickerProps {
  source: string;
  target: string;
  label: string;
  validate?: Validator[];
  helperText?: string | false;
}

/** How rows of a resource are found by what a person types. */
function useSearch(target: string) {
  const found = useDescription(target);
  const key = found.key[0]!;
  const toFilter = (text: string) => {
    if (!text) return {};
    if (found.search) return { q: text };
    return found.fields[key]?.no_filters ? {} : { [key]: { op: "eq", value: text } };
  };
  return { toFilter, sort: { field: found.sorts.includes(nameOf(found)) ? nameOf(found) : "id", order: "ASC" as const } };
}

function Picker({ source, target, label, validate, helperText }: PickerProps) {
  const { toFilter, sort } = useSearch(target);
  return (
    <ReferenceInput source={source} reference={target} perPage={FOUND} sort={sort}>
      <AutocompleteInput label={label} filterToQuery={toFilter} {...(validate ? { validate } : {})} helperText={helperText} fullWidth />
    </ReferenceInput>
  );
}

/** The rows that a row is linked to. */
export function LinksInput({ source, target, label }: PickerProps) {
  const { toFilter, sort } = useSearch(target);
  return (
    <ReferenceArrayInput source={source} reference={target} perPage={FOUND} sort={sort}>
      <AutocompleteArrayInput label={label} filterToQuery={toFilter} helperText={false} fullWidth />
    </ReferenceArrayInput>
  );
}

// Without a last day, a year takes six digits, of which the API has four.
const LAST_DAY = "9999-12-31";

/** A time of day as its control has it, which knows thousandths of a second. */
const toMillis = (time: unknown): string => String(time ?? "").replace(/(\.\d{3})\d+/, "$1");

const two = (number: number): string => String(number).padStart(2, "0");

/** A moment as `datetime-local` has it, in the time zone of the browser. */
function toLocal(moment: string): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return "";
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const millis = date.getMilliseconds();
  const rest = millis ? `.${String(millis).padStart(3, "0")}` : "";
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${rest}`;
}

function toMoment(text: string): string | null {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

interface MomentProps extends InputProps {
  hasZone: boolean;
}

/** A date and a time of day: in the browser's time zone, which it names, or of no zone. */
function MomentInput({ source, label, validate, helperText, hasZone }: MomentProps) {
  const { field, fieldState, id, isRequired } = useInput({ source, ...(validate ? { validate } : {}) });
  const shown = (value: unknown): string => (value ? (hasZone ? toLocal(String(value)) : String(value).slice(0, 23)) : "");
  const [text, setText] = useState(shown(field.value));
  useEffect(() => setText(shown(field.value)), [field.value]);

  function change(next: string) {
    setText(next);
    field.onChange(next ? (hasZone ? toMoment(next) : next) : null);
  }

  return (
    <TextField
      id={id}
      type="datetime-local"
      label={`${String(label)}${hasZone ? ` (${ZONE})` : ""}`}
      value={text}
      required={isRequired}
      onChange={(event) => change(event.target.value)}
      onBlur={field.onBlur}
      error={fieldState.invalid}
      helperText={fieldState.error?.message?.replace(/^@@react-admin@@"?ra\.validation\.required"?$/, "Required") ?? helperText}
      slotProps={{ inputLabel: { shrink: true }, htmlInput: { step: 1, max: `${LAST_DAY}T23:59:59.999` } }}
      size="small"
      variant="filled"
      margin="dense"
      fullWidth
    />
  );
}
