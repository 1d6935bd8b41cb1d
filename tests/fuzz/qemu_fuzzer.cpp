// Any text either is a QEMU log or is refused with InputError.
#include <string_view>

#include "scenarios/import/qemu.h"
#include "support/diagnostic.h"

extern "C" int LLVMFuzzerTestOneInput(const isobar::u8* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    isobar::scenarios::QemuLog log = isobar::scenarios::parse_qemu_log(text, "fuzz");
    isobar::scenarios::helper_addresses(log);
    isobar::scenarios::reset_links(log);
  } catch (const isobar::InputError&) {
  }
  return 0;
}
