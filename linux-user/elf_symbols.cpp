#include "linux-user/elf_symbols.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

namespace isobar::linux_user {

namespace {

/// The structure at `offset` of the file, if all of it is there.
template <class T>
std::optional<T> at(const std::string& file, u64 offset) {
  T value;
  if (offset > file.size() || file.size() - offset < sizeof value) return std::nullopt;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

/// Is the zero-terminated text at `offset` `name`?
bool is_named(const std::string& file, u64 offset, std::string_view name) {
  if (offset > file.size() || file.size() - offset <= name.size()) return false;
  return file.compare(offset, name.size(), name) == 0 && file[offset + name.size()] == '\0';
}

/// Calls `use(symbol, strings)` for each function, object or label until it returns false.
template <class Use>
void for_each_symbol(const std::string& file, const Use& use) {
  const auto header = at<Elf64_Ehdr>(file, 0);
  if (!header || header->e_shentsize != sizeof(Elf64_Shdr)) return;
  const auto section = [&](u64 n) { return at<Elf64_Shdr>(file, header->e_shoff + n * sizeof(Elf64_Shdr)); };
  for (unsigned n = 0; n < header->e_shnum; ++n) {
    const auto table = section(n);
    if (!table || table->sh_type != SHT_SYMTAB || table->sh_size > file.size()) continue;
    const auto strings = section(table->sh_link);
    if (!strings || strings->sh_offset > file.size()) continue;
    for (u64 i = 0; i < table->sh_size / sizeof(Elf64_Sym); ++i) {
      const auto symbol = at<Elf64_Sym>(file, table->sh_offset + i * sizeof(Elf64_Sym));
      if (!symbol) break;
      const auto type = ELF64_ST_TYPE(symbol->st_info);
      const bool place = type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE;
      if (place && symbol->st_shndx != SHN_UNDEF && !use(*symbol, strings->sh_offset + symbol->st_name)) return;
    }
  }
}

}  // namespace

std::optional<Symbol> find_symbol(const ElfImage& image, std::string_view name) {
  std::optional<Symbol> found;
  for_each_symbol(image.contents, [&](const Elf64_Sym& symbol, u64 name_at) {
    if (is_named(image.contents, name_at, name)) found = {symbol.st_value + load_bias(image), symbol.st_size, std::string(name)};
    return !found;
  });
  return found;
}

std::vector<Symbol> all_symbols(const ElfImage& image) {
  // A file may name the same table many times.
  constexpr u64 kMostSymbols = u64{1} << 20, kLongestName = 1024;
  std::vector<Symbol> all;
  const std::string_view file = image.contents;
  u64 seen = 0;
  for_each_symbol(image.contents, [&](const Elf64_Sym& symbol, u64 name_at) {
    const std::string_view rest = name_at < file.size() ? file.substr(name_at, kLongestName) : std::string_view();
    const std::size_t length = rest.find('\0');
    // Names with a dollar are marks of the linker (mapping symbols).
    if (length != std::string_view::npos && length != 0 && rest[0] != '$')
      all.push_back({symbol.st_value + load_bias(image), symbol.st_size, std::string(rest.substr(0, length))});
    return ++seen < kMostSymbols;
  });
  std::sort(all.begin(), all.end(), [](const Symbol& a, const Symbol& b) {
    return std::tie(a.address, a.size, a.name) < std::tie(b.address, b.size, b.name);
  });
  return all;
}

std::string describe_address(const std::vector<Symbol>& symbols, u64 address) {
  auto behind = std::upper_bound(symbols.begin(), symbols.end(), address, [](u64 a, const Symbol& s) { return a < s.address; });
  for (unsigned looked = 0; behind != symbols.begin() && looked < 8; ++looked) {
    --behind;
    if (address - behind->address >= std::max<u64>(behind->size, 1)) continue;
    return address == behind->address ? behind->name : fmt::format("{}+{:#x}", behind->name, address - behind->address);
  }
  return fmt::format("{:#x}", address);
}

}  // namespace isobar::linux_user
