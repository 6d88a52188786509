// A row that somebody else has changed while it was being edited: what they have written, what you have, and which holds.
import {
  Alert, Button, Dialog, DialogActions, DialogContent, DialogTitle, FormControlLabel, FormLabel, Radio, RadioGroup, Skeleton, Stack,
} from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNotify, useRefresh } from "react-admin";
import { settableFields, sourceOf, type ResourceDescription } from "../description";
import { ProblemError } from "../http";
import type { AdminRecord, Row } from "../values";
import { labelOf, toWords, useProvider, useWork } from "./context";

export interface Conflict {
  yours: Row;
  previous: AdminRecord;
}

interface Props {
  resource: ResourceDescription;
  conflict: Conflict;
  onClose(): void;
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

const show = (value: unknown): string => (value === null || value === undefined ? "nothing" : Array.isArray(value) ? value.join(", ") : String(value));

export function ConflictDialog({ resource, conflict: { yours, previous }, onClose }: Props) {
  const [theirsOf, setTheirs] = useState<ReadonlySet<string>>(new Set());
  const [error, setError] = useState<string>();
  const provider = useProvider();
  const notify = useNotify();
  const refresh = useRefresh();
  const [isBusy, work] = useWork();
  const { data: theirs, error: unread, refetch } = useQuery({
    queryKey: [resource.name, "conflict", previous.id, previous.$etag],
    queryFn: async () => (await provider.getOne(resource.name, { id: previous.id })).data as AdminRecord,
    gcTime: 0,
  });
  const sources = [
    ...settableFields(resource, false).map((name) => [sourceOf(resource, name), labelOf(resource, name)] as const),
    ...Object.keys(resource.links).map((name) => [name, toWords(name)] as const),
  ];
  const changed = sources.filter(([source]) => yours[source] !== undefined && !isSame(yours[source], previous[source]));

  async function save() {
    if (!theirs) return;
    const mine = changed.filter(([source]) => !theirsOf.has(source)).map(([source]) => [source, yours[source]]);
    try {
      const data = { ...theirs, ...Object.fromEntries(mine) };
      await provider.update(resource.name, { id: previous.id, data, previousData: theirs });
    } catch (failed) {
      const again = failed instanceof ProblemError && failed.status === 412;
      if (again) await refetch();
      setError(again ? "It has changed once more; this is what it is now" : (failed as Error).message);
      return;
    }
    notify("The row is stored", { type: "info" });
    close();
  }

  function close() {
    onClose();
    refresh();
  }

  const choose = (source: string, isTheirs: boolean) => {
    const next = new Set(theirsOf);
    if (isTheirs) next.add(source);
    else next.delete(source);
    setTheirs(next);
  };

  return (
    <Dialog open fullWidth maxWidth="sm" aria-labelledby="conflict">
      <DialogTitle id="conflict">Somebody else has changed this row</DialogTitle>
      <DialogContent>
        {error && <Alert severity="error">{error}</Alert>}
        {unread && <Alert severity="error" action={<Button onClick={() => refetch()}>Try again</Button>}>{unread.message}</Alert>}
        {!theirs && !unread && <Skeleton height={120} />}
        <Stack spacing={2} sx={{ pt: 1 }}>
          {theirs && changed.map(([source, label]) => (
            <RadioGroup key={source} value={theirsOf.has(source) ? "theirs" : "yours"} onChange={(_, value) => choose(source, value === "theirs")} aria-label={label}>
              <FormLabel>{label}</FormLabel>
              <FormControlLabel value="yours" control={<Radio />} label={`Yours: ${show(yours[source])}`} sx={WRAPPED} />
              <FormControlLabel value="theirs" control={<Radio />} label={`Theirs: ${show(theirs[source])}`} sx={WRAPPED} />
            </RadioGroup>
          ))}
        </Stack>
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>Go on editing</Button>
        <Button onClick={close}>Discard mine</Button>
        <Button onClick={() => work(save)} disabled={!theirs || isBusy} variant="contained">Save</Button>
      </DialogActions>
    </Dialog>
  );
}

const WRAPPED = { overflowWrap: "anywhere" };
