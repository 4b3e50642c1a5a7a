enable subgroups;
enable chromium_experimental_subgroup_matrix;
// Which subgroup an invocation belongs to follows from its index, which the analysis cannot know.
diagnostic(off, chromium.subgroup_matrix_uniformity);
