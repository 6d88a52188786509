export { can, nameOf, operatorsOf, type FieldDescription, type Kind, type ResourceDescription } from "./description";
export { Http, ProblemError, type Credentials, type HttpOptions, type Problem } from "./http";
export { makeDataProvider, Provider, type Change, type ModelwireProvider, type ProviderOptions } from "./provider";
export { writeFilters, type Condition, type Filters } from "./query";
