// The rule packs for the verifier that was read before this file. `python -m scripts.web_rule_pack` writes the data.

import type {} from "./index.js";
import packs from "./rule_packs.json";
import type { RulePack } from "./rule_packs.js";

globalThis.tongguan.rulePacks.push(...(packs as unknown as RulePack[]));
