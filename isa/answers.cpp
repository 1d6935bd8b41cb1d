#include "isa/answers.h"

namespace isobar::isa {

namespace {

void add_text(Hasher& h, std::string_view text) {
  h.word(text.size());
  h.bytes(text.data(), text.size());
}

}  // namespace

Digest question(std::string_view text, u64 base, const AssemblerOptions& options) {
  Hasher h;
  add_text(h, text);
  h.word(base);
  add_text(h, options.file);
  h.word(options.first_line);
  h.word(options.first_column);
  h.word(options.symbols.size());
  for (const auto& [name, value] : options.symbols) {
    add_text(h, name);
    h.word(value);
  }
  return h.digest();
}

}  // namespace isobar::isa
