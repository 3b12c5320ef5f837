/** QR codes of links. */

import { encode } from "uqr";
import { svg } from "./dom.js";

/** What a code of version 40 holds at the lowest level of correction. ISO/IEC 18004. */
export const QR_BYTES_MAX = 2_953;
/** White around it, in modules. */
const QUIET = 4;

/** The QR code of a link that has at most `QR_BYTES_MAX` bytes. */
export function qrOf(link: string, label: string): SVGSVGElement {
  const { data, size } = encode(link, { ecc: "L", boostEcc: true, border: QUIET });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : [])));
  return svg(
    "svg",
    { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, class: "qr", "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, fill: "#fff" }),
    svg("path", { d: dark.join(""), fill: "#000" }),
  );
}

interface Detector {
  detect(image: ImageBitmap): Promise<readonly { readonly rawValue: string }[]>;
}

/** Whether this browser reads codes from pictures. */
export function canReadCodes(): boolean {
  return "BarcodeDetector" in globalThis;
}

/** The texts of the codes in a picture; none where it is no picture. */
export async function readCodes(file: Blob): Promise<readonly string[]> {
  const { BarcodeDetector } = globalThis as unknown as { BarcodeDetector: new (options: object) => Detector };
  try {
    const found = await new BarcodeDetector({ formats: ["qr_code"] }).detect(await createImageBitmap(file));
    return found.map(({ rawValue }) => rawValue);
  } catch {
    return [];
  }
}
