// Creating and revoking blob URLs: https://w3c.github.io/FileAPI/#creating-revoking

import { ops } from "./primordials.js";
import { URLImpl } from "./url.js";

URLImpl.createObjectURL = ({ handle }) => ops.blob_url_create(handle);

URLImpl.revokeObjectURL = (url) => ops.blob_url_revoke(url);
