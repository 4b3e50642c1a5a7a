#include "fold.h"

#include <algorithm>
#include <cstring>

namespace tops {
namespace {

/** A slot of 32 bytes for every node: the leaves, the siblings, then each node made of two of those before it. */
using Slot = uint32_t;

struct Join {
  Slot left, right, node;
};

/** A node and how many joins lie below it at most. */
struct Visited {
  Slot slot;
  uint32_t height;
};

/** Which nodes are made of which, found without looking at a hash. */
class Plan {
 public:
  explicit Plan(const Multiproof& proof)
      : proof_(proof),
        nextSibling_(static_cast<Slot>(proof.rows.size())),
        siblingsEnd_(nextSibling_ + proof.siblingCount),
        nextJoin_(siblingsEnd_) {
    uint32_t level = 0;
    for (uint64_t size = proof.leafCount; size > 1; size = (size + 1) / 2) level++;
    root_ = visit(level, 0, 0, static_cast<uint32_t>(proof.rows.size())).slot;
  }

  bool fits() const { return !isShort_ && nextSibling_ == siblingsEnd_; }
  Slot root() const { return root_; }
  uint32_t slotCount() const { return nextJoin_; }
  /** What can be hashed together: joins of one list need nothing but what lists before it make. */
  const std::vector<std::vector<Join>>& joinsByHeight() const { return joinsByHeight_; }

 private:
  /** The node `index` of a level, 0 being the leaves', which holds the rows from `begin` to `end`. */
  Visited visit(uint32_t level, uint64_t index, uint32_t begin, uint32_t end) {
    if (begin == end) return {takeSibling(), 0};
    if (level == 0) return {nextLeaf_++, 0};
    const uint64_t firstRight = (2 * index + 1) << (level - 1);
    // Unpaired, a node moves up unchanged.
    if (firstRight >= proof_.leafCount) return visit(level - 1, 2 * index, begin, end);
    const auto rows = proof_.rows.begin();
    const auto middle = static_cast<uint32_t>(
        std::lower_bound(rows + begin, rows + end, firstRight) - rows);
    const Visited left = visit(level - 1, 2 * index, begin, middle);
    const Visited right = visit(level - 1, 2 * index + 1, middle, end);
    const uint32_t height = std::max(left.height, right.height);
    if (joinsByHeight_.size() <= height) joinsByHeight_.resize(height + 1);
    const Slot node = nextJoin_++;
    joinsByHeight_[height].push_back({left.slot, right.slot, node});
    return {node, height + 1};
  }

  Slot takeSibling() {
    if (nextSibling_ < siblingsEnd_) return nextSibling_++;
    isShort_ = true;
    return 0;
  }

  const Multiproof& proof_;
  Slot nextLeaf_ = 0;
  Slot nextSibling_;
  const Slot siblingsEnd_;
  Slot nextJoin_;
  Slot root_ = 0;
  bool isShort_ = false;
  std::vector<std::vector<Join>> joinsByHeight_;
};

}  // namespace

bool foldMultiproof(const Isa& isa, const Multiproof& proof, uint8_t* root) {
  const Plan plan(proof);
  if (!plan.fits()) return false;
  std::vector<uint8_t> hashes(size_t{plan.slotCount()} * kHashBytes);
  const auto at = [](std::vector<uint8_t>& nodes, size_t slot) {
    return nodes.data() + slot * kHashBytes;
  };
  const size_t leafBytes = proof.rows.size() * kHashBytes;
  std::memcpy(hashes.data(), proof.leaves, leafBytes);
  if (proof.siblingCount > 0) {
    std::memcpy(hashes.data() + leafBytes, proof.siblings, size_t{proof.siblingCount} * kHashBytes);
  }
  std::vector<uint8_t> children, parents;
  for (const auto& joins : plan.joinsByHeight()) {
    children.resize(joins.size() * 2 * kHashBytes);
    parents.resize(joins.size() * kHashBytes);
    for (size_t i = 0; i < joins.size(); i++) {
      std::memcpy(at(children, 2 * i), at(hashes, joins[i].left), kHashBytes);
      std::memcpy(at(children, 2 * i + 1), at(hashes, joins[i].right), kHashBytes);
    }
    isa.foldNodes(children.data(), static_cast<uint32_t>(joins.size()), parents.data());
    for (size_t i = 0; i < joins.size(); i++) {
      std::memcpy(at(hashes, joins[i].node), at(parents, i), kHashBytes);
    }
  }
  std::memcpy(root, at(hashes, plan.root()), kHashBytes);
  return true;
}

}  // namespace tops
