#include "linux-user/elf_image.h"

#include <fmt/format.h>

#include <cstring>

#include "functional/memory.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::linux_user {

namespace {

// ELF-64 object file format, version 1.5 draft 2; System V ABI; ELF for the Arm 64-bit Architecture.
struct Header {
  u8 identification[16];
  u16 type, machine;
  u32 version;
  u64 entry, program_offset, section_offset;
  u32 flags;
  u16 header_size, program_size, program_count, section_size, section_count, names;
};
struct ProgramHeader {
  u32 type, flags;
  u64 offset, virtual_address, physical_address, file_size, memory_size, alignment;
};
static_assert(sizeof(Header) == 64 && sizeof(ProgramHeader) == 56);

enum : u32 { kLoad = 1, kInterpreter = 3, kGnuStack = 0x6474e551, kGnuProperty = 0x6474e553 };
enum : u16 { kExecutable = 2, kShared = 3, kAarch64 = 183 };
enum : u32 { kFlagExecute = 1, kFlagWrite = 2, kFlagRead = 4 };

/// All segments together; a larger program is a mistake or an attack.
constexpr u64 kMaxProgramSize = u64{1} << 32;

class Parser {
 public:
  explicit Parser(ElfImage& image) : image_(image) {}

  void parse() {
    const Header h = header();
    image_.entry = h.entry;
    image_.header_size = h.program_size;
    image_.header_count = h.program_count;
    image_.relocatable = h.type == kShared;
    for (unsigned i = 0; i < h.program_count; ++i)
      program_header(read<ProgramHeader>(h.program_offset + u64{i} * h.program_size), i, h);
    if (image_.segments.empty()) fail("no segment is to be loaded");
    bool entered = false;
    for (const Segment& s : image_.segments)
      entered |= (s.permissions & functional::kExecute) != 0 && h.entry >= s.address &&
                 h.entry - s.address < s.memory_size;
    if (!entered) fail(fmt::format("the entry point {:#x} is in no executable segment", h.entry));
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(
        Diagnostic{{image_.file, 0, 0}, what + " (expected a statically linked AArch64 Linux program)"});
  }

  template <class T>
  T read(u64 offset) const {
    if (offset > image_.contents.size() || image_.contents.size() - offset < sizeof(T))
      fail(fmt::format("the file ends inside the structure at offset {:#x}", offset));
    T value;
    std::memcpy(&value, image_.contents.data() + offset, sizeof value);
    return value;
  }

  Header header() const {
    if (image_.contents.size() < 4 || image_.contents.compare(0, 4, "\177ELF") != 0) fail("not an ELF file");
    const Header h = read<Header>(0);
    if (h.identification[4] != 2) fail("not a 64-bit ELF file");
    if (h.identification[5] != 1) fail("not a little-endian ELF file");
    if (h.identification[6] != 1 || h.version != 1) fail("an unknown version of ELF");
    if (h.machine != kAarch64) fail(fmt::format("machine {} instead of {} (AArch64)", h.machine, u32{kAarch64}));
    if (h.type != kExecutable && h.type != kShared)
      fail(fmt::format("ELF type {} instead of {} (executable) or {} (static-pie)", h.type, u32{kExecutable},
                       u32{kShared}));
    if (h.program_size != sizeof(ProgramHeader))
      fail(fmt::format("program headers of {} bytes instead of {}", h.program_size, sizeof(ProgramHeader)));
    return h;
  }

  void program_header(const ProgramHeader& p, unsigned number, const Header& h) {
    if (p.type == kInterpreter) fail("dynamically linked: it names an interpreter");
    if (p.type == kGnuStack) image_.executable_stack = (p.flags & kFlagExecute) != 0;
    if (p.type == kGnuProperty) image_.guards_branches = read_features(p);
    if (p.type != kLoad || p.memory_size == 0) return;
    const auto refuse = [&](const char* what) { fail(fmt::format("program header {}: {}", number, what)); };
    if (p.file_size > p.memory_size) refuse("more bytes in the file than in memory");
    if (p.offset > image_.contents.size() || p.file_size > image_.contents.size() - p.offset)
      refuse("the segment goes beyond the end of the file");
    const u64 limit = functional::kAddressLimit / 2;
    if (p.virtual_address >= limit || p.memory_size > limit - p.virtual_address)
      refuse("the segment is outside the address space of a program");
    if (p.virtual_address < functional::kPageSize && !image_.relocatable) refuse("the segment is on the first page");
    if ((p.virtual_address - p.offset) % functional::kPageSize != 0)
      refuse("address and file offset differ within a page");
    if (!image_.segments.empty()) {
      const Segment& last = image_.segments.back();
      const u64 last_page = align_down(last.address + last.memory_size - 1, functional::kPageSize);
      if (p.virtual_address < last_page + functional::kPageSize)
        refuse("the segment is not on pages above those of the one before it");
    }
    total_ += p.memory_size;
    if (total_ > kMaxProgramSize || p.memory_size > kMaxProgramSize) refuse("the program is larger than 4 GiB");
    u8 permissions = 0;
    if ((p.flags & kFlagRead) != 0) permissions |= functional::kRead;
    if ((p.flags & kFlagWrite) != 0) permissions |= functional::kWrite;
    if ((p.flags & kFlagExecute) != 0) permissions |= functional::kExecute;
    image_.segments.push_back({p.virtual_address, p.memory_size, p.offset, p.file_size, permissions});
    const u64 size = u64{h.program_count} * h.program_size;
    if (h.program_offset >= p.offset && h.program_offset - p.offset <= p.file_size &&
        size <= p.file_size - (h.program_offset - p.offset))
      image_.headers = p.virtual_address + (h.program_offset - p.offset);
  }

  /// NT_GNU_PROPERTY_TYPE_0: a list of types with values. What is malformed is not there.
  bool read_features(const ProgramHeader& p) const {
    constexpr u32 kPropertyType = 5, kFeatures = 0xc000'0000, kBranchTargets = 1;
    struct {
      u32 name_size, size, type;
      char name[4];
    } note;
    if (p.file_size < sizeof note || p.offset > image_.contents.size() || p.file_size > image_.contents.size() - p.offset)
      return false;
    note = read<decltype(note)>(p.offset);
    if (note.name_size != 4 || note.type != kPropertyType || std::memcmp(note.name, "GNU", 4) != 0) return false;
    u64 at = p.offset + sizeof note;
    const u64 end = at + std::min<u64>(note.size, p.file_size - sizeof note);
    while (at + 12 <= end) {
      const u32 type = read<u32>(at), size = read<u32>(at + 4);
      if (type == kFeatures && size == 4) return (read<u32>(at + 8) & kBranchTargets) != 0;
      at += 8 + align_down(u64{size} + 7, 8);
    }
    return false;
  }

  ElfImage& image_;
  u64 total_ = 0;
};

}  // namespace

ElfImage parse_elf(std::string file, std::string contents) {
  ElfImage image;
  image.file = std::move(file);
  image.contents = std::move(contents);
  Parser(image).parse();
  return image;
}

}  // namespace isobar::linux_user
