// The memory of one process: regions with permissions, pages that exist from their first use on, and what the
// instruction side has cached of them.
//
// Owns: regions, pages, cached instruction lines. Must not know: system calls, files, cores. Addresses are those of a
// user process, 48 bits; whoever has tagged addresses takes the tag off before.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <unordered_map>

#include "functional/record.h"
#include "support/types.h"

namespace isobar::functional {

inline constexpr u64 kPageSize = 4096;
/// First address that no user process has.
inline constexpr u64 kAddressLimit = u64{1} << 48;
/// Bytes of an instruction cache line; CTR_EL0 announces the same.
inline constexpr u64 kLineSize = 64;

/// What may be done with the bytes of a region; a page that may be written may be read (Arm ARM D8.4).
inline constexpr u8 kRead = 1, kWrite = 2, kExecute = 4;
/// The region has allocation tags (PROT_MTE); it keeps them when its permissions change.
inline constexpr u8 kTagged = 8;
/// Bytes that share a tag.
inline constexpr u64 kGranule = 16;

struct Region {
  u64 end = 0;
  u8 permissions = 0;
};

/// One page, lowered for execution as far as the instruction side has fetched it. The last record continues on the
/// next page.
struct CodePage {
  u64 address = 0;
  std::array<Record, kPageSize / 4 + 1> records;
};

struct Page {
  alignas(16) std::array<u8, kPageSize> bytes{};
  std::unique_ptr<CodePage> code;
  std::array<u8, kPageSize / kGranule> tags{};
};

class Memory {
 public:
  /// At most `page_limit` pages exist at a time. With `coherent_fetch` (CTR_EL0.DIC) the instruction side sees every
  /// store at once; else a cached line stays as it is until it is invalidated by address.
  /// With `tagging` the instructions of FEAT_MTE exist.
  explicit Memory(u64 page_limit = u64{1} << 18, bool coherent_fetch = false, bool tagging = false)
      : page_limit_(page_limit), coherent_fetch_(coherent_fetch), tagging_(tagging) {}

  /// Regions by first address. Neighbours with equal permissions are one region.
  const std::map<u64, Region>& regions() const { return regions_; }
  /// The region with this byte, or nullptr.
  const Region* find(u64 address) const;
  /// Is every byte of [begin, end) in a region?
  bool covered(u64 begin, u64 end) const;
  /// Does any region have a byte of [begin, end)?
  bool overlaps(u64 begin, u64 end) const;

  // Whole pages of [begin, end) below kAddressLimit.
  void map(u64 begin, u64 end, u8 permissions);  ///< fresh zeros, in place of what was there
  void unmap(u64 begin, u64 end);
  void protect(u64 begin, u64 end, u8 permissions);  ///< of the regions there; holes stay holes
  void discard(u64 begin, u64 end);                  ///< contents only: zeros from now on

  /// Moves the contents of the whole pages of [from, from + size) to fresh pages at `to`; their code is forgotten.
  void move(u64 from, u64 to, u64 size);

  /// The page of an address if all of `needed` is allowed there; it is made if it does not exist yet. nullptr if not
  /// allowed, or if there are too many pages (exhausted()).
  Page* page(u64 address, u8 needed);
  /// Has a page been refused because of the limit?
  bool exhausted() const { return exhausted_; }
  u64 page_limit() const { return page_limit_; }

  /// Copies of bytes, all or as many as are allowed: the number that were copied.
  u64 read(u64 address, void* to, u64 size, u8 needed = kRead);
  u64 write(u64 address, const void* from, u64 size, u8 needed = kWrite);

  /// The lowered form of the page of an executable address, or nullptr.
  CodePage* code(u64 address);
  /// Forgets the cached instruction line of an address, if there is one.
  void invalidate_line(u64 address);
  /// Must stores to this page be seen by the instruction side?
  bool is_watched(const Page& page) const { return coherent_fetch_ && page.code != nullptr; }
  bool coherent_fetch() const { return coherent_fetch_; }

  bool tagging() const { return tagging_; }
  /// The tag of an address without tag; 0 where there are none. Setting one is without effect there.
  u8 tag(u64 address);
  void set_tag(u64 address, u8 tag);
  bool is_tagged(u64 address) const;

  /// Changes whenever a translation that a core remembers may have become wrong.
  u64 generation() const { return generation_; }

 private:
  void split(u64 address);
  void merge(u64 begin, u64 end);
  void drop_pages(u64 begin, u64 end);

  std::map<u64, Region> regions_;
  std::unordered_map<u64, std::unique_ptr<Page>> pages_;  ///< by page number
  u64 page_limit_;
  u64 generation_ = 1;
  bool coherent_fetch_;
  bool tagging_;
  bool exhausted_ = false;
};

}  // namespace isobar::functional
