// The memory of one process: regions with permissions, pages that exist from their first use on, and what the
// instruction side has cached of them. Memories of one run may share pages: objects that both map, and after fork()
// whatever neither has written since.
//
// Owns: regions, pages, cached instruction lines. Must not know: system calls, files, cores. Addresses are those of a
// user process, 48 bits; whoever has tagged addresses takes the tag off before.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

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
/// Indirect branches into the region must meet an instruction that allows them (PROT_BTI, Arm ARM D8.4.5).
inline constexpr u8 kGuarded = 16;
/// Hints that do nothing (Arm ARM C6.2, unallocated): a program brackets with them what is to run in detail.
inline constexpr u32 kStopHint = 0xd503'2c1f, kLeaveHint = 0xd503'2c3f;  // HINT #96, HINT #97
/// Another one, HINT #98: the X1 bytes at X0 are to be free of data races (Pool::race_free).
inline constexpr u32 kRaceFreeHint = 0xd503'2c5f;
/// Bytes that share a tag.
inline constexpr u64 kGranule = 16;

/// What the memories of a run have in common.
struct Pool {
  u64 limit = 0;       ///< of `pages`
  u64 pages = 0;       ///< that exist
  u64 generation = 1;  ///< changes whenever a translation that a core remembers may have become wrong
  u64 writes = 0;          ///< how often write() of a memory or an object has changed something
  /// Cores stop before they execute the instruction at this address, and after each kStopHint. To be set before anything
  /// is executed.
  std::optional<u64> stop;
  std::vector<std::pair<u64, u64>> race_free;  ///< [first, second) of each kRaceFreeHint that was executed
  bool exhausted = false;  ///< a page has been refused because of the limit
};

/// One page, lowered for execution at `address` as far as the instruction side has fetched it. The last record continues
/// on the next page.
struct CodePage {
  u64 address = 0;
  std::array<Record, kPageSize / 4 + 1> records;
};

class Page {
 public:
  explicit Page(std::shared_ptr<Pool> pool);
  /// Bytes and tags; what is lowered belongs to the page that it was fetched from.
  Page(const Page& other);
  Page& operator=(const Page&) = delete;
  ~Page() { --pool_->pages; }

  alignas(16) std::array<u8, kPageSize> bytes{};
  std::vector<std::unique_ptr<CodePage>> code;  ///< one for each address at which it is executed
  std::array<u8, kPageSize / kGranule> tags{};

 private:
  std::shared_ptr<Pool> pool_;
};

/// Pages that several memories may map: shared anonymous memory or a file that is kept in memory. Bytes that nobody
/// wrote are zero.
class Object {
 public:
  Object(std::shared_ptr<Pool> pool, u64 size) : pool_(std::move(pool)), size_(size) {}
  u64 size() const { return size_; }
  /// What is cut off is gone, also for those who map it.
  void resize(u64 size);
  /// The page that has byte `offset`, made if it does not exist yet; nullptr past the end or if there are too many.
  std::shared_ptr<Page> page(u64 offset);
  /// The page if it exists.
  Page* existing(u64 offset) const;
  /// Bytes from `offset` on, up to the end: the number that were copied.
  u64 read(u64 offset, void* to, u64 size);
  u64 write(u64 offset, const void* from, u64 size);
  /// Those that exist, by number.
  const std::unordered_map<u64, std::shared_ptr<Page>>& pages() const { return pages_; }

 private:
  std::shared_ptr<Pool> pool_;
  u64 size_;
  std::unordered_map<u64, std::shared_ptr<Page>> pages_;  ///< by number
};

struct Region {
  u64 end = 0;
  u8 permissions = 0;
  std::shared_ptr<Object> object = nullptr;  ///< whose pages are shown; none: private memory
  u64 offset = 0;                            ///< in the object, of the first byte
};

class Memory {
 public:
  /// At most `page_limit` pages exist at a time. With `coherent_fetch` (CTR_EL0.DIC) the instruction side sees every
  /// store at once; else a cached line stays as it is until it is invalidated by address.
  /// With `tagging` the instructions of FEAT_MTE exist.
  explicit Memory(u64 page_limit = u64{1} << 18, bool coherent_fetch = false, bool tagging = false);
  /// An empty one that counts its pages together with others.
  Memory(std::shared_ptr<Pool> pool, bool coherent_fetch, bool tagging);

  /// A copy for another process; objects are shared, other pages copied when one side writes.
  std::shared_ptr<Memory> fork();
  const std::shared_ptr<Pool>& pool() const { return pool_; }

  /// Regions by first address. Neighbours that differ in nothing are one region.
  const std::map<u64, Region>& regions() const { return regions_; }
  /// The region with this byte, or nullptr.
  const Region* find(u64 address) const;
  /// Is every byte of [begin, end) in a region?
  bool covered(u64 begin, u64 end) const;
  /// Does any region have a byte of [begin, end)?
  bool overlaps(u64 begin, u64 end) const;

  // Whole pages of [begin, end) below kAddressLimit.
  /// Fresh zeros, or the object from `offset` on, in place of what was there.
  void map(u64 begin, u64 end, u8 permissions, std::shared_ptr<Object> object = nullptr, u64 offset = 0);
  /// What exists of the object from `offset` on becomes the contents of private [begin, end), copied when it is written.
  void copy_from(const Object& object, u64 offset, u64 begin, u64 end);
  void unmap(u64 begin, u64 end);
  void protect(u64 begin, u64 end, u8 permissions);  ///< of the regions there; holes stay holes
  void discard(u64 begin, u64 end);                  ///< private contents only: zeros from now on

  /// Moves private contents of the whole pages of [from, from + size) to fresh pages at `to`; their code is forgotten.
  void move(u64 from, u64 to, u64 size);

  /// The page of an address if all of `needed` is allowed there; it is made if it does not exist yet. nullptr if not
  /// allowed, or if there are too many pages (exhausted()).
  Page* page(u64 address, u8 needed);
  /// Does the page of an address exist: has anybody touched it since it was mapped or discarded?
  bool is_resident(u64 address) const { return existing(address) != nullptr; }
  /// Where in its object a byte is that shows one.
  u64 object_offset(u64 address) const;
  /// Is this a mapped byte past the last page of an object?
  bool beyond_object(u64 address) const;
  /// Has a page been refused because of the limit?
  bool exhausted() const { return pool_->exhausted; }
  u64 page_limit() const { return pool_->limit; }

  /// Copies of bytes, all or as many as are allowed: the number that were copied.
  u64 read(u64 address, void* to, u64 size, u8 needed = kRead);
  u64 write(u64 address, const void* from, u64 size, u8 needed = kWrite);

  /// The lowered form of the page of an executable address, or nullptr.
  CodePage* code(u64 address);
  /// Forgets the cached instruction line of an address, if there is one.
  void invalidate_line(u64 address);
  /// Forgets all cached instruction lines.
  void forget_code();
  /// Must stores to this page be seen by the instruction side?
  bool is_watched(const Page& page) const { return coherent_fetch_ && !page.code.empty(); }
  bool coherent_fetch() const { return coherent_fetch_; }

  bool tagging() const { return tagging_; }
  /// The tag of an address without tag; 0 where there are none. Setting one is without effect there.
  u8 tag(u64 address);
  void set_tag(u64 address, u8 tag);
  bool is_tagged(u64 address) const;

  /// Changes whenever a translation that a core remembers may have become wrong.
  u64 generation() const { return pool_->generation; }

 private:
  void split(u64 address);
  void merge(u64 begin, u64 end);
  void drop_pages(u64 begin, u64 end);
  Page* locate(u64 address, u8 needed, bool own);
  Page* existing(u64 address) const;
  void own_code(std::shared_ptr<Page>& page);

  std::shared_ptr<Pool> pool_;
  std::map<u64, Region> regions_;
  std::unordered_map<u64, std::shared_ptr<Page>> pages_;  ///< private ones by number; shared after fork()
  bool coherent_fetch_;
  bool tagging_;
};

}  // namespace isobar::functional
