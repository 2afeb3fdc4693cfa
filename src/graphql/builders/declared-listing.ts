import { byInstant, byText, type FilterFields } from "../../lists/filter.js";
import { byColumns, type Listing, listing } from "../../lists/listing.js";

/**
 * How lists of a declared noun are filtered and ordered: by name and by when it was first declared.
 *
 * @param fields further columns of the filter.
 */
export function declaredListing(type: string, description: string, fields: FilterFields = {}): Listing {
  return listing(type, {
    filter: {
      description,
      fields: {
        name: byText("name", "The name."),
        ...fields,
        createdAt: byInstant("created_at", "Time of the first declaration."),
      },
    },
    order: {
      ...byColumns(
        type,
        {
          CREATED_AT: { column: "created_at", kind: "instant", description: "Time of the first declaration." },
          NAME: { column: "name", kind: "text", description: "The name." },
        },
        { field: "CREATED_AT", direction: "DESC" },
      ),
      description: "The order. Default: newest first.",
    },
  });
}
