// The rule packs for the verifier that was read before this file, and what its report says of erasures. `python -m scripts.web_rule_pack` writes the data.

import type {} from "./index.js";
import { erasedSections } from "./erasures.js";
import packs from "./rule_packs.json";
import type { RulePack } from "./rule_packs.js";

globalThis.tongguan.erasedSections = erasedSections;
globalThis.tongguan.rulePacks.push(...(packs as unknown as RulePack[]));
