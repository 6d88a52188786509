// One row: made, changed, or only shown.
import EditIcon from "@mui/icons-material/Create";
import ShowIcon from "@mui/icons-material/Visibility";
import { Box, CardContent } from "@mui/material";
import { useEffect, useState, type ReactNode } from "react";
import {
  Button, Create, DeleteWithConfirmButton, Edit, SaveButton, Show, SimpleForm, Toolbar, TopToolbar, useEditContext, useLocation, useNotify,
  useRecordContext,
} from "react-admin";
import { useFormState } from "react-hook-form";
import { Link, useBlocker } from "react-router-dom";
import { can, settableFields, shownFields, sourceOf, type ResourceDescription } from "../description";
import { ProblemError } from "../http";
import type { Attempts } from "../provider";
import { hasPath, type AdminRecord, type Row } from "../values";
import { ConflictDialog, type Conflict } from "./Conflict";
import { labelOf, toWords, useDescription, useMayLose, useShared } from "./context";
import { History } from "./History";
import { FieldInput, LinksInput } from "./Inputs";
import { placeOf, readSegment } from "./places";
import { callRow, Value } from "./Value";

export function CreatePage() {
  const resource = useDescription();
  const [attempts] = useState<Attempts>(() => new Map());
  return (
    <Create redirect="list" title={`${resource.title}: new`} mutationOptions={{ meta: { attempts } }}>
      <SimpleForm defaultValues={defaultsOf(resource)} toolbar={<Toolbar sx={BELOW}><SaveButton /></Toolbar>}>
        <Inputs resource={resource} isNew />
      </SimpleForm>
    </Create>
  );
}

function defaultsOf(resource: ResourceDescription): Row {
  const names = settableFields(resource, true).filter((name) => resource.fields[name]!.default !== undefined);
  return Object.fromEntries(names.map((name) => {
    const value = resource.fields[name]!.default;
    return [sourceOf(resource, name), resource.kinds[name] === "JSON" ? JSON.stringify(value, null, 2) : value];
  }));
}

function Inputs({ resource, isNew = false }: { resource: ResourceDescription; isNew?: boolean }) {
  return (
    <>
      <Unsaved />
      {settableFields(resource, isNew).map((name) => (
        <FieldInput key={name} resource={resource} name={name} source={sourceOf(resource, name)} isNew={isNew} />
      ))}
      {Object.entries(resource.links).map(([name, target]) => (
        <LinksInput key={name} source={name} target={target} label={toWords(name)} />
      ))}
    </>
  );
}

const SETTLED_MS = 50; // in which a form whose row was deleted has nothing unsaved

/**
 * Asks before what has been typed is left.
 *
 * React-admin has the same, but after a save that takes long it asks about what was saved, and after one that failed it
 * doesn't ask.
 */
function Unsaved(): null {
  const { dirtyFields, isSubmitting } = useFormState();
  const { pathname } = useLocation();
  const isDirty = Object.keys(dirtyFields).length > 0;
  const isUnsaved = isDirty && !isSubmitting;
  const mayLose = useMayLose();
  const { unsaved } = useShared();
  const blocker = useBlocker(({ nextLocation }) => isUnsaved && nextLocation.pathname !== pathname);

  useEffect(() => {
    if (blocker.state !== "blocked") return undefined;
    if (!isUnsaved) {
      blocker.proceed();
      return undefined;
    }
    const timer = setTimeout(() => {
      if (mayLose()) blocker.proceed();
      else blocker.reset();
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [blocker.state, isUnsaved]);

  useEffect(() => {
    unsaved.current = isUnsaved;
    return () => void (unsaved.current = false);
  }, [isUnsaved, unsaved]);

  useEffect(() => {
    if (!isDirty) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [isDirty]);
  return null;
}

interface Variables {
  id?: string | number;
  data?: Row;
  previousData?: AdminRecord;
}

export function EditPage() {
  const resource = useDescription();
  const notify = useNotify();
  const [conflict, setConflict] = useState<Conflict>();
  const [attempts] = useState<Attempts>(() => new Map());
  const key = useKey();

  function onError(error: unknown, { data, previousData }: Variables) {
    if (error instanceof ProblemError && error.status === 412 && data && previousData) {
      setConflict({ yours: data, previous: previousData });
    } else if (!(error instanceof ProblemError && error.body.errors)) {
      notify((error as Error).message, { type: "error" });
    }
  }

  return (
    <>
      <Edit id={key} title={<Heading />} mutationMode="pessimistic" mutationOptions={{ onError, meta: { attempts } }} queryOptions={READ_ONCE} aside={resource.history ? <History /> : undefined} actions={<Other name="Show" />} sx={COLUMNS}>
        <OnceRead>
          <SimpleForm toolbar={<Buttons resource={resource} />}>
            <ReadOnly resource={resource} />
            <Inputs resource={resource} />
          </SimpleForm>
        </OnceRead>
      </Edit>
      {conflict && <ConflictDialog resource={resource} conflict={conflict} onClose={() => setConflict(undefined)} />}
    </>
  );
}

/** Leads to the other page of a row. */
function Other({ name }: { name: "Show" | "Edit" }) {
  const resource = useDescription();
  const record = useRecordContext();
  const place = record && placeOf(resource, record, name === "Show");
  const isThere = place && place.endsWith("/show") === (name === "Show");
  return (
    <TopToolbar>
      {isThere && <Button label={name} to={place} component={Link}>{name === "Show" ? <ShowIcon /> : <EditIcon />}</Button>}
    </TopToolbar>
  );
}

/** The key in the address. */
function useKey(): string {
  const resource = useDescription();
  return readSegment(useLocation().pathname.split("/")[resource.name.split("/").length + 1] ?? "");
}

// A row that is read again replaces what has been typed.
const READ_ONCE = { refetchOnReconnect: false };

/** A form shows a row as a list had it, and is out of reach until the row itself has been read. */
function OnceRead({ children }: { children: ReactNode }) {
  const { isFetching } = useEditContext();
  return <Box inert={isFetching} aria-busy={isFetching}>{children}</Box>;
}

// What stands beside the form on a desk stands below it on a phone.
const COLUMNS = { "& .RaEdit-main, & .RaShow-main": { flexDirection: { xs: "column", md: "row" }, alignItems: { xs: "stretch", md: "flex-start" }, gap: 2 } };

const BELOW = { bgcolor: "background.paper", borderTop: 1, borderColor: "divider" };

function Buttons({ resource }: { resource: ResourceDescription }) {
  return (
    <Toolbar sx={{ ...BELOW, display: "flex", justifyContent: "space-between" }}>
      <SaveButton />
      {can(resource, "delete") && <DeleteWithConfirmButton mutationMode="pessimistic" />}
    </Toolbar>
  );
}

/** What a form shows of a row and does not change. */
function ReadOnly({ resource }: { resource: ResourceDescription }) {
  const record = useRecordContext();
  const settable = new Set(settableFields(resource, false));
  const names = shownFields(resource).filter((name) => !settable.has(name));
  if (!record || !names.length) return null;
  return (
    <Values resource={resource} names={names} sx={{ display: "flex", flexWrap: "wrap", columnGap: 4, mb: 2 }} />
  );
}

function Values({ resource, names, sx }: { resource: ResourceDescription; names: string[]; sx?: object }) {
  return (
    <Box component="dl" sx={{ m: 0, ...sx }}>
      {names.map((name) => (
        <Box key={name} sx={{ mb: 1.5, minWidth: 0 }}>
          <Box component="dt" sx={{ fontSize: "0.75rem", color: "text.secondary" }}>{labelOf(resource, name)}</Box>
          <Box component="dd" sx={{ m: 0 }}><Value resource={resource} name={name} isWhole /></Box>
        </Box>
      ))}
    </Box>
  );
}

function Heading() {
  const resource = useDescription();
  const record = useRecordContext();
  return <span>{`${resource.title}: ${record ? callRow(resource, record) : ""}`}</span>;
}

export function ShowPage() {
  const resource = useDescription();
  const key = useKey();
  return (
    <Show id={key} title={<Heading />} actions={<Other name="Edit" />} aside={resource.history && hasPath(resource, key) ? <History /> : undefined} sx={COLUMNS}>
      <CardContent><Values resource={resource} names={shownFields(resource)} /></CardContent>
    </Show>
  );
}
