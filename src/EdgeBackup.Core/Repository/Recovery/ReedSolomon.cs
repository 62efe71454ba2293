namespace EdgeBackup.Core.Repository.Recovery;

/// <summary>
/// A systematic Reed-Solomon code for erasures over GF(2^8): k shards of data get m shards of parity, and any m of the
/// k + m may be lost. The parity rows are a Cauchy matrix, every square part of which can be inverted (J. Blömer,
/// M. Kalfane, R. Karp, M. Karpinski, M. Luby, D. Zuckerman: An XOR-Based Erasure-Resilient Coding Scheme, ICSI
/// TR-95-048, 1995), with each column divided by its first element: that keeps this property and makes the first row
/// ones, so that the first parity is a plain XOR.
/// </summary>
internal sealed class ReedSolomon
{
    /// <summary>Data and parity shards together: each needs an own element of the field.</summary>
    public const int MaximumShards = 256;

    private readonly int dataShards;

    /// <param name="dataShards">At least 1.</param>
    /// <param name="parityShards">At least 1; with the data shards at most <see cref="MaximumShards"/>.</param>
    public ReedSolomon(int dataShards, int parityShards)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dataShards, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(parityShards, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dataShards + parityShards, MaximumShards);
        this.dataShards = dataShards;
    }

    /// <summary>What a data shard is multiplied by in a parity shard: ((255 − 0) + d) / ((255 − p) + d), where + is XOR.</summary>
    public static byte Coefficient(int parity, int data) => GaloisField.Divide((byte)(255 ^ data), (byte)((255 - parity) ^ data));

    /// <summary>Computes the data shards that are lost, from the others and as many parity shards.</summary>
    /// <param name="lost">Numbers of the lost data shards.</param>
    /// <param name="parities">Numbers of as many parity shards that are there.</param>
    /// <param name="data">The bytes of a data shard, all of the same length.</param>
    /// <param name="parity">The bytes of a parity shard.</param>
    /// <param name="length">Bytes of a shard.</param>
    /// <returns>The bytes of the lost shards, in their order.</returns>
    public byte[][] Restore(IReadOnlyList<int> lost, IReadOnlyList<int> parities, ShardReader data, ShardReader parity, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(parities.Count, lost.Count);
        var missing = lost.ToHashSet();

        // What remains of each parity when all that is known is taken out: the sums of the lost shards alone.
        var sums = new byte[lost.Count][];
        for (var row = 0; row < sums.Length; row++)
        {
            sums[row] = parity(parities[row]).ToArray();
            for (var shard = 0; shard < dataShards; shard++)
            {
                if (!missing.Contains(shard))
                {
                    GaloisField.MultiplyAdd(Coefficient(parities[row], shard), data(shard), sums[row]);
                }
            }
        }

        var inverse = Invert(lost, parities);
        var restored = new byte[lost.Count][];
        for (var row = 0; row < restored.Length; row++)
        {
            restored[row] = new byte[length];
            for (var column = 0; column < sums.Length; column++)
            {
                GaloisField.MultiplyAdd(inverse[row][column], sums[column], restored[row]);
            }
        }

        return restored;
    }

    /// <summary>Gauss-Jordan elimination of the square matrix of some parity rows and data columns.</summary>
    private static byte[][] Invert(IReadOnlyList<int> columns, IReadOnlyList<int> rows)
    {
        var size = rows.Count;
        var matrix = new byte[size][];
        for (var row = 0; row < size; row++)
        {
            matrix[row] = new byte[2 * size];
            matrix[row][size + row] = 1;
            for (var column = 0; column < size; column++)
            {
                matrix[row][column] = Coefficient(rows[row], columns[column]);
            }
        }

        for (var step = 0; step < size; step++)
        {
            // There is one: the matrix can be inverted.
            var pivot = Array.FindIndex(matrix, step, row => row[step] != 0);
            (matrix[step], matrix[pivot]) = (matrix[pivot], matrix[step]);
            var divisor = matrix[step][step];
            for (var column = 0; column < 2 * size; column++)
            {
                matrix[step][column] = GaloisField.Divide(matrix[step][column], divisor);
            }

            for (var row = 0; row < size; row++)
            {
                if (row != step && matrix[row][step] != 0)
                {
                    GaloisField.MultiplyAdd(matrix[row][step], matrix[step].ToArray(), matrix[row]);
                }
            }
        }

        return Array.ConvertAll(matrix, row => row[size..]);
    }
}

/// <summary>The bytes of a shard.</summary>
internal delegate ReadOnlySpan<byte> ShardReader(int shard);
