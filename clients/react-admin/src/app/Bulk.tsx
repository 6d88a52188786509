// Changes and deletes of many rows, which tell their number first.
import DeleteIcon from "@mui/icons-material/DeleteOutlined";
import EditIcon from "@mui/icons-material/EditOutlined";
import RestoreIcon from "@mui/icons-material/RestoreFromTrash";
import {
  Alert, Button as MuiButton, Dialog, DialogActions, DialogContent, DialogTitle, FormControlLabel, Radio, RadioGroup, Stack,
} from "@mui/material";
import { useState } from "react";
import { Button, Form, useListContext, useNotify, useRefresh } from "react-admin";
import { canMany, settableFields, sourceOf } from "../description";
import { ProblemError } from "../http";
import { hasFilters, type Filters } from "../query";
import { labelOf, useDescription, useProvider, useWork } from "./context";
import { Choice } from "./Filters";
import { FieldInput } from "./Inputs";

const countRows = (count: number): string => `${count} ${count === 1 ? "row" : "rows"}`;

export function BulkActions() {
  const resource = useDescription();
  const { filterValues, selectedIds } = useListContext();
  const [open, setOpen] = useState<"change" | "delete">();
  const isDeleted = (filterValues as Filters).deleted === "only";
  if (isDeleted) return resource.restores ? <RestoreButton /> : null;
  return (
    <>
      {canMany(resource, "update") && (
        <Button label="Change" onClick={() => setOpen("change")}><EditIcon /></Button>
      )}
      {canMany(resource, "delete") && (
        <Button label="Delete" color="error" onClick={() => setOpen("delete")}><DeleteIcon /></Button>
      )}
      {open === "change" && selectedIds && <ChangeDialog onClose={() => setOpen(undefined)} />}
      {open === "delete" && selectedIds && <DeleteDialog onClose={() => setOpen(undefined)} />}
    </>
  );
}

/** Which rows are meant, and what is done with their number known. */
function useMany() {
  const { filterValues, selectedIds, onUnselectItems, total = 0 } = useListContext();
  const [isAll, setAll] = useState(false);
  const [error, setError] = useState<string>();
  const notify = useNotify();
  const refresh = useRefresh();
  const filters = filterValues as Filters;
  const count = isAll ? total : selectedIds.length;
  const [isBusy, begin] = useWork();

  const run = (work: () => Promise<unknown>, done: string, close: () => void) => begin(() => carryOut(work, done, close));

  async function carryOut(work: () => Promise<unknown>, done: string, close: () => void) {
    let affected: unknown;
    try {
      affected = await work();
    } catch (failed) {
      const fields = failed instanceof ProblemError ? failed.problem.errors?.map((each) => each.message).join("; ") : undefined;
      setError([(failed as Error).message, fields].filter(Boolean).join(": "));
      return;
    }
    notify(`${countRows(typeof affected === "number" ? affected : count)} ${done}`, { type: "info" });
    onUnselectItems();
    refresh();
    close();
  }

  const choice = total > selectedIds.length && hasFilters(filters) && (
    <RadioGroup value={isAll ? "all" : "selected"} onChange={(_, value) => setAll(value === "all")}>
      <FormControlLabel value="selected" control={<Radio />} label={`The ${countRows(selectedIds.length)} selected`} />
      <FormControlLabel value="all" control={<Radio />} label={`All ${countRows(total)} that match the filters`} />
    </RadioGroup>
  );
  return { choice, count, error, filters, ids: selectedIds, isAll, isBusy, run };
}

interface DialogProps {
  onClose(): void;
}

function DeleteDialog({ onClose }: DialogProps) {
  const resource = useDescription();
  const provider = useProvider();
  const { choice, count, error, filters, ids, isAll, isBusy, run } = useMany();
  const work = () =>
    isAll ? provider.deleteAll(resource.name, filters, count) : provider.deleteMany(resource.name, { ids });
  return (
    <Dialog open onClose={onClose} aria-labelledby="bulk-delete">
      <DialogTitle id="bulk-delete">Delete {countRows(count)}?</DialogTitle>
      <DialogContent>{error && <Alert severity="error">{error}</Alert>}{choice}</DialogContent>
      <DialogActions>
        <MuiButton onClick={onClose}>Cancel</MuiButton>
        <MuiButton color="error" variant="contained" disabled={isBusy} onClick={() => run(work, "deleted", onClose)}>
          Delete {countRows(count)}
        </MuiButton>
      </DialogActions>
    </Dialog>
  );
}

function ChangeDialog({ onClose }: DialogProps) {
  const resource = useDescription();
  const provider = useProvider();
  const { choice, count, error, filters, ids, isAll, isBusy, run } = useMany();
  const names = settableFields(resource, false);
  const [name, setName] = useState(names[0] ?? "");

  function change(values: Record<string, unknown>) {
    // An empty box is an empty text where there is no other way to have nothing.
    const nothing = resource.kinds[name] === "text" && !resource.fields[name]!.nullable ? "" : null;
    const data = { [sourceOf(resource, name)]: values.value ?? nothing };
    const work = () =>
      isAll ? provider.updateAll(resource.name, filters, data, count) : provider.updateMany(resource.name, { ids, data });
    void run(work, "changed", onClose);
  }

  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby="bulk-change">
      <Form key={name} onSubmit={change}>
        <DialogTitle id="bulk-change">Change {countRows(count)}</DialogTitle>
        <DialogContent>
          <Stack spacing={1} sx={{ pt: 1 }}>
            {error && <Alert severity="error">{error}</Alert>}
            {choice}
            <Choice label="Field" value={name} onChange={setName} choices={names.map((each) => [each, labelOf(resource, each)])} />
            <FieldInput resource={resource} name={name} source="value" isForMany />
          </Stack>
        </DialogContent>
        <DialogActions>
          <MuiButton onClick={onClose}>Cancel</MuiButton>
          <MuiButton type="submit" variant="contained" disabled={isBusy}>Change {countRows(count)}</MuiButton>
        </DialogActions>
      </Form>
    </Dialog>
  );
}

function RestoreButton() {
  const resource = useDescription();
  const provider = useProvider();
  const { selectedIds, onUnselectItems } = useListContext();
  const notify = useNotify();
  const refresh = useRefresh();
  const [isBusy, work] = useWork();

  async function restore() {
    try {
      for (const id of selectedIds) await provider.restore(resource.name, id);
      notify(`${countRows(selectedIds.length)} restored`, { type: "info" });
      onUnselectItems();
    } catch (error) {
      notify((error as Error).message, { type: "error" });
    }
    refresh();
  }

  return <Button label="Restore" onClick={() => work(restore)} disabled={isBusy}><RestoreIcon /></Button>;
}
