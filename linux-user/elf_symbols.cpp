#include "linux-user/elf_symbols.h"

#include <elf.h>

#include <cstring>

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

}  // namespace

std::optional<u64> find_symbol(const ElfImage& image, std::string_view name) {
  const std::string& file = image.contents;
  const auto header = at<Elf64_Ehdr>(file, 0);
  if (!header || header->e_shentsize != sizeof(Elf64_Shdr)) return std::nullopt;
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
      if (place && symbol->st_shndx != SHN_UNDEF && is_named(file, strings->sh_offset + symbol->st_name, name))
        return symbol->st_value;
    }
  }
  return std::nullopt;
}

}  // namespace isobar::linux_user
