// A page of rows: filters, chosen columns, and what can be done with many.
import DownloadIcon from "@mui/icons-material/Download";
import { Alert, Button as MuiButton, useMediaQuery, type Theme } from "@mui/material";
import { useState, type MouseEvent } from "react";
import {
  Button, ColumnsButton, CreateButton, DataTable, Link, List, Pagination, SimpleList, TopToolbar, useListContext,
  useNotify, useRecordContext, useStore,
} from "react-admin";
import { can, nameOf, shownFields, sourceOf, type ResourceDescription } from "../description";
import type { Filters } from "../query";
import { BulkActions } from "./Bulk";
import { ChartButton } from "./Chart";
import { labelOf, useDescription, useProvider } from "./context";
import { FilterBar } from "./Filters";
import { labelOfResource } from "./Home";
import { placeOf } from "./places";
import { callRow, isNumeric, Plain, Value } from "./Value";

const COLUMNS = 8; // that a table shows until a person chooses
const SIZES = [10, 25, 50, 100];

export function ListPage() {
  const resource = useDescription();
  const isPhone = useMediaQuery<Theme>((theme) => theme.breakpoints.down("sm"));
  const usual = SIZES.filter((size) => size <= resource.rows_at_most.page);
  const sizes = usual.length ? usual : [resource.rows_at_most.page];
  const key = resource.sorts.find((name) => resource.key.includes(name));
  return (
    <List
      title={labelOfResource(resource.name)}
      actions={<Actions resource={resource} hasColumns={!isPhone} />}
      pagination={<Pages sizes={sizes} />}
      perPage={sizes.includes(25) ? 25 : sizes[0]!}
      {...(key ? { sort: { field: sourceOf(resource, key), order: "ASC" as const } } : {})}
      empty={false}
      exporter={false}
    >
      <FilterBar />
      <Unread />
      {isPhone ? <Short resource={resource} /> : <Table resource={resource} />}
    </List>
  );
}

/** Rows could not be read: those that are shown, if any are, may be old. */
function Unread() {
  const { error, refetch } = useListContext();
  if (!error) return null;
  const again = <MuiButton color="inherit" size="small" onClick={() => refetch()}>Try again</MuiButton>;
  return <Alert severity="error" action={again}>{error.message}</Alert>;
}

const useIsUnread = (): boolean => {
  const { error, data } = useListContext();
  return Boolean(error) && !data;
};

function Pages({ sizes }: { sizes: number[] }) {
  return useIsUnread() ? null : <Pagination rowsPerPageOptions={sizes} />;
}

const hiddenOf = (resource: ResourceDescription): string[] =>
  shownFields(resource).slice(COLUMNS).map((name) => sourceOf(resource, name));

function Table({ resource }: { resource: ResourceDescription }) {
  if (useIsUnread()) return null;
  return (
    <DataTable rowClick={(_id, _name, record) => placeOf(resource, record)} bulkActionButtons={<BulkActions />} hiddenColumns={hiddenOf(resource)}>
      {shownFields(resource).map((name) => (
        <DataTable.Col
          key={name}
          source={sourceOf(resource, name)}
          label={labelOf(resource, name)}
          disableSort={!resource.sorts.includes(name)}
          align={isNumeric(resource.kinds[name]) && !(name in resource.picks) ? "right" : "left"}
        >
          <Cell resource={resource} name={name} />
        </DataTable.Col>
      ))}
    </DataTable>
  );
}

const NO_TEXT = "“”"; // of a link, which would be nowhere

/** A value; the name of a row leads to it, by the keyboard too. */
function Cell({ resource, name }: { resource: ResourceDescription; name: string }) {
  const record = useRecordContext();
  const value = <Value resource={resource} name={name} />;
  const to = record && placeOf(resource, record);
  if (!to || name !== nameOf(resource) || name in resource.picks) return value;
  const isBlank = record[sourceOf(resource, name)] === "";
  return <Link to={to} onClick={(event: MouseEvent) => event.stopPropagation()}>{isBlank ? NO_TEXT : value}</Link>;
}

/** Rows as a phone has room for them. */
function Short({ resource }: { resource: ResourceDescription }) {
  const isUnread = useIsUnread();
  const first = nameOf(resource);
  const second = shownFields(resource).filter((name) => name !== first && !resource.key.includes(name) && !(name in resource.picks))[0];
  if (isUnread) return null;
  return (
    <SimpleList
      primaryText={(record) => callRow(resource, record)}
      sx={{ overflowWrap: "anywhere" }}
      {...(second
        ? { secondaryText: (record) => <Plain kind={resource.kinds[second]!} value={record[sourceOf(resource, second)]} /> }
        : {})}
      rowClick={(_id, _name, record) => placeOf(resource, record)}
    />
  );
}

function Actions({ resource, hasColumns }: { resource: ResourceDescription; hasColumns: boolean }) {
  return (
    <TopToolbar>
      {hasColumns && <ColumnsButton />}
      {resource.operations.includes("aggregate") && <ChartButton resource={resource} />}
      {resource.operations.includes("stream") && <ExportButton resource={resource} />}
      {can(resource, "create") && <CreateButton />}
    </TopToolbar>
  );
}

function ExportButton({ resource }: { resource: ResourceDescription }) {
  const { filterValues, sort } = useListContext();
  const [hidden] = useStore<string[]>(`${resource.name}.datatable`, hiddenOf(resource));
  const [isBusy, setBusy] = useState(false);
  const provider = useProvider();
  const notify = useNotify();

  async function save() {
    setBusy(true);
    const fields = shownFields(resource).filter((name) => !hidden.includes(sourceOf(resource, name)));
    const sorted = resource.sorts.find((name) => sourceOf(resource, name) === sort.field);
    const order = sorted && `${sort.order === "DESC" ? "-" : ""}${sorted}`;
    try {
      download(await provider.exportCSV(resource.name, fields, filterValues as Filters, order), `${resource.name.replaceAll("/", "-")}.csv`);
    } catch (error) {
      notify((error as Error).message, { type: "error" });
    }
    setBusy(false);
  }

  return <Button label="Export CSV" onClick={save} disabled={isBusy}><DownloadIcon /></Button>;
}

function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
